"""Reads expositions with prometheus_client's parsers and writes what they saw.

In: a line of JSON, {"format": "text" or "openmetrics", "bytes": N}, and N bytes; as often as one likes.
Out, for each: a line of JSON, {"families": [...]} or {"error": "..."}. Numbers are strings, for JSON has no NaN.
"""

import json
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

PARSERS = {"text": text, "openmetrics": openmetrics}


def exemplar(given):
    if given is None:
        return None
    return {
        "labels": list(given.labels.items()),
        "value": number(given.value),
        "time": None if given.timestamp is None else repr(float(given.timestamp)),
    }


def number(value):
    # JavaScript's spelling of what is not finite.
    spelled = repr(value)
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(spelled, spelled)


def read(form, body):
    return [
        {
            "name": family.name,
            "help": family.documentation,
            "type": family.type,
            "unit": family.unit,
            "samples": [
                {
                    "name": sample.name,
                    "labels": list(sample.labels.items()),
                    "value": number(sample.value),
                    "time": None if sample.timestamp is None else repr(float(sample.timestamp)),
                    "exemplar": exemplar(sample.exemplar),
                }
                for sample in family.samples
            ],
        }
        for family in PARSERS[form].text_string_to_metric_families(body.decode("utf-8"))
    ]


def main():
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = json.loads(line)
        body = sys.stdin.buffer.read(asked["bytes"])
        try:
            answer = {"families": read(asked["format"], body)}
        # A bad document can make the parsers fail in any way.
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        # ASCII only, lone surrogates too.
        print(json.dumps(answer), flush=True)


main()
