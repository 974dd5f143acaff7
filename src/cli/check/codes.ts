/** What can be wrong with an exposition: the codes of findings. They stay the same from release to release. */

export type Severity = 'error' | 'remark'

export const CODES = {
  syntax: ['error', 'A line cannot be read: what was expected is said'],
  name: ['error', 'The name of a metric has characters that no name has'],
  label: [
    'error',
    'The name of a label has characters that no label has, is reserved, or stands twice in a line',
  ],
  escape: ['error', 'A backslash before something that is never escaped'],
  utf8: ['error', 'A label value or a help is no UTF-8'],
  value: ['error', 'A value is no number'],
  timestamp: ['error', 'A time is no number, or lies before the one before it'],
  unended: ['error', 'The last line has no line feed behind it'],
  long: ['error', 'A line is longer than 4 MiB'],
  type: ['error', 'A type that the format does not have'],
  repeated: ['error', 'A second HELP, TYPE or UNIT of one family'],
  late: ['error', 'TYPE stands behind samples (in OpenMetrics HELP and UNIT, too)'],
  interleaved: ['error', 'The lines of a family, or of one series of a histogram, are not together'],
  clash: ['error', 'A family has the name of a line of another one'],
  sample: ['error', 'A line that its type does not have, such as x of a histogram x'],
  duplicate: ['error', 'A series stands there twice'],
  negative: [
    'error',
    'A counter, a bucket or a count is negative (of a counter in text: a remark, `value-range`)',
  ],
  'bucket-bound': ['error', 'A bucket without `le`, or whose `le` is no number'],
  'bucket-order': ['error', 'A bucket stands behind one with a greater or the same `le`'],
  'bucket-count': ['error', 'A bucket has a lower count than the one before: buckets are cumulative'],
  'bucket-infinite': ['error', 'A histogram without a bucket `le="+Inf"`'],
  'bucket-total': ['error', '`+Inf` and `_count` differ'],
  incomplete: ['error', 'A histogram lacks `_count`; in OpenMetrics, has one of `_count` and `_sum`'],
  quantile: ['error', 'A quantile is missing, or is no number from 0 to 1'],
  eof: ['error', 'OpenMetrics: `# EOF` is missing, stands twice, or is not the last line'],
  comment: ['error', 'OpenMetrics: a comment that is neither HELP, TYPE, UNIT nor EOF, or an empty line'],
  unit: ['error', 'OpenMetrics: a name does not end with its unit, or the type has none'],
  exemplar: [
    'error',
    'OpenMetrics: an exemplar that cannot be read, has more than 128 characters, or stands where none may',
  ],
  info: ['error', 'OpenMetrics: the value of an info is not 1'],
  stateset: [
    'error',
    'OpenMetrics: a stateset lacks the label of its name, or has a value that is neither 0 nor 1',
  ],
  canonical: ['error', 'OpenMetrics: `le` or `quantile` is not spelled as a float, such as 1.0'],
  sum: ['error', 'OpenMetrics: a `_sum` beside negative buckets, or below 0 without them'],
  fell: ['error', 'With --watch: a counter is lower than at the look before, and the process is the same'],
  'content-type': ['error', 'An endpoint says no type that Prometheus 3 reads'],

  'no-help': ['remark', 'A family without HELP'],
  'counter-name': [
    'remark',
    'A counter whose name does not end with `_total`, or another type whose name does',
  ],
  'reserved-name': ['remark', 'A name ends with `_bucket`, `_count` or `_sum`, and is none of those'],
  'reserved-label': ['remark', 'A label `le` or `quantile` where no histogram or summary is'],
  'type-in-name': ['remark', 'A name has its type in it'],
  colon: ['remark', 'A name has a colon, which is for recording rules'],
  'camel-case': ['remark', 'A name or label is written in camelCase'],
  abbreviation: ['remark', 'A name has a unit in short, such as `_ms`'],
  'base-unit': ['remark', 'A name has a unit that is no base unit, such as `_milliseconds`'],
  'timestamp-name': ['remark', 'A name ends with `_timestamp_seconds`, and is no gauge'],
  'value-range': ['remark', 'Text: a counter is negative or NaN'],
  'no-sum': ['remark', 'Text: a histogram without `_sum`'],
  'late-help': ['remark', 'Text: HELP stands behind samples'],
  empty: ['remark', 'The exposition has no series'],
  openmetrics: [
    'remark',
    'What was read as text ends with `# EOF`: --format openmetrics reads it as OpenMetrics',
  ],
  unchecked: ['remark', 'There are more families or labels than are held: those beyond are checked less'],
} as const satisfies Record<string, readonly [Severity, string]>

export type Code = keyof typeof CODES
