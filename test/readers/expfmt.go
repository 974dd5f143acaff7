// Reads expositions with Prometheus' own expfmt and writes what it saw. Built by scripts/need-expfmt.ts.
//
// In: a line of JSON, {"format": "text" or "protobuf", "bytes": N}, and N bytes; as often as one likes.
// Out, for each: a line of JSON, {"families": […]} or {"error": "…"}. Numbers are strings, for JSON has no NaN.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"
	"sort"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

type request struct {
	Format string `json:"format"`
	Bytes  int    `json:"bytes"`
}

type answer struct {
	Families []family `json:"families"`
	Error    string   `json:"error,omitempty"`
}

type family struct {
	Name    string   `json:"name"`
	Help    string   `json:"help"`
	Type    string   `json:"type"`
	Metrics []metric `json:"metrics"`
}

type metric struct {
	Labels    [][2]string `json:"labels"`
	Value     string      `json:"value,omitempty"`
	Exemplar  *exemplar   `json:"exemplar,omitempty"`
	Histogram *histogram  `json:"histogram,omitempty"`
	Summary   *summary    `json:"summary,omitempty"`
}

type exemplar struct {
	Labels [][2]string `json:"labels"`
	Value  string      `json:"value"`
	Time   string      `json:"time"`
}

type bucket struct {
	Bound    string    `json:"bound"`
	Count    string    `json:"count"`
	Exemplar *exemplar `json:"exemplar,omitempty"`
}

type histogram struct {
	Count   string   `json:"count"`
	Sum     string   `json:"sum"`
	Buckets []bucket `json:"buckets"`
	Native  *native  `json:"native,omitempty"`
}

type native struct {
	Schema        int32       `json:"schema"`
	ZeroThreshold string      `json:"zeroThreshold"`
	ZeroCount     string      `json:"zeroCount"`
	Spans         int         `json:"spans"`
	Positive      [][2]string `json:"positive"`
	Negative      [][2]string `json:"negative"`
}

type summary struct {
	Count     string      `json:"count"`
	Sum       string      `json:"sum"`
	Quantiles [][2]string `json:"quantiles"`
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
func whole(value uint64) string   { return strconv.FormatUint(value, 10) }

func labels(pairs []*dto.LabelPair) [][2]string {
	all := make([][2]string, 0, len(pairs))
	for _, pair := range pairs {
		all = append(all, [2]string{pair.GetName(), pair.GetValue()})
	}
	return all
}

func exemplarOf(given *dto.Exemplar) *exemplar {
	if given == nil {
		return nil
	}
	time := given.GetTimestamp()
	seconds := float64(time.GetSeconds()) + float64(time.GetNanos())/1e9
	return &exemplar{labels(given.GetLabel()), number(given.GetValue()), number(seconds)}
}

// Index and count of each bucket that is not empty.
func spanned(spans []*dto.BucketSpan, deltas []int64) [][2]string {
	all := [][2]string{}
	var index, next int
	var count int64
	for _, span := range spans {
		index += int(span.GetOffset())
		for n := uint32(0); n < span.GetLength(); n++ {
			count += deltas[next]
			next++
			if count != 0 {
				all = append(all, [2]string{strconv.Itoa(index), strconv.FormatInt(count, 10)})
			}
			index++
		}
	}
	if next != len(deltas) {
		panic("more deltas than buckets")
	}
	return all
}

func histogramOf(given *dto.Histogram) *histogram {
	all := &histogram{whole(given.GetSampleCount()), number(given.GetSampleSum()), []bucket{}, nil}
	for _, one := range given.GetBucket() {
		all.Buckets = append(all.Buckets, bucket{
			number(one.GetUpperBound()), whole(one.GetCumulativeCount()), exemplarOf(one.GetExemplar()),
		})
	}
	if given.Schema != nil {
		all.Native = &native{
			given.GetSchema(),
			number(given.GetZeroThreshold()),
			whole(given.GetZeroCount()),
			len(given.GetPositiveSpan()) + len(given.GetNegativeSpan()),
			spanned(given.GetPositiveSpan(), given.GetPositiveDelta()),
			spanned(given.GetNegativeSpan(), given.GetNegativeDelta()),
		}
	}
	return all
}

func summaryOf(given *dto.Summary) *summary {
	all := &summary{whole(given.GetSampleCount()), number(given.GetSampleSum()), [][2]string{}}
	for _, one := range given.GetQuantile() {
		all.Quantiles = append(all.Quantiles, [2]string{number(one.GetQuantile()), number(one.GetValue())})
	}
	return all
}

func metricOf(given *dto.Metric) metric {
	one := metric{Labels: labels(given.GetLabel())}
	switch {
	case given.Counter != nil:
		one.Value = number(given.GetCounter().GetValue())
		one.Exemplar = exemplarOf(given.GetCounter().GetExemplar())
	case given.Gauge != nil:
		one.Value = number(given.GetGauge().GetValue())
	case given.Untyped != nil:
		one.Value = number(given.GetUntyped().GetValue())
	case given.Histogram != nil:
		one.Histogram = histogramOf(given.GetHistogram())
	case given.Summary != nil:
		one.Summary = summaryOf(given.GetSummary())
	}
	return one
}

func read(format string, body []byte) (families []family, err error) {
	kind := expfmt.FmtText
	if format == "protobuf" {
		kind = expfmt.FmtProtoDelim
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(body), kind)
	families = []family{}
	for {
		var given dto.MetricFamily
		if err := decoder.Decode(&given); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		one := family{given.GetName(), given.GetHelp(), given.GetType().String(), []metric{}}
		for _, each := range given.GetMetric() {
			one.Metrics = append(one.Metrics, metricOf(each))
		}
		families = append(families, one)
	}
	// The reader of text keeps them in a map.
	sort.SliceStable(families, func(a, b int) bool { return families[a].Name < families[b].Name })
	return families, nil
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			log.Fatal(err)
		}
		body := make([]byte, asked.Bytes)
		if _, err := io.ReadFull(in, body); err != nil {
			log.Fatal(err)
		}
		families, err := read(asked.Format, body)
		answered := answer{Families: families}
		if err != nil {
			answered.Error = err.Error()
		}
		if err := out.Encode(answered); err != nil {
			log.Fatal(err)
		}
	}
}
