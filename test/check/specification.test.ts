/** What check says of each fault: its code and place. */
import t from 'tap'
import { CODES, type Code } from '../../src/cli/check/codes.js'
import { checked } from './checked.js'

const HELP = '# HELP a A.\n'
const HISTOGRAM = '# HELP h H.\n# TYPE h histogram\n'
const EOF = '# EOF\n'

/** A text, and what is found in it as `line:column code`; remarks too. */
const TEXT: readonly (readonly [what: string, text: string, found: readonly string[]])[] = [
  ['nothing', `${HELP}a 1\n`, []],
  ['a line without a value', `${HELP}a\n`, ['2:2 syntax', '0:0 empty']],
  ['a label without quotes', `${HELP}a{b=c} 1\na 1\n`, ['2:5 syntax']],
  ['a place behind characters of several bytes', `${HELP}a{b="éé",1="c"} 1\na 1\n`, ['2:10 label']],
  ['a label twice', `${HELP}a{b="1",b="2"} 1\na 1\n`, ['2:9 label']],
  ['a name in quotes', `${HELP}{"a.b"} 1\na 1\n`, ['2:1 name']],
  ['an exemplar in text', `${HELP}a 1 # {b="c"} 1\na 2\n`, ['2:5 exemplar']],
  [
    'a label value that is no UTF-8',
    `${HELP}a{b="\u{fffd}"} 1\n`.replace('\u{fffd}', '\\x'),
    ['2:6 escape', '0:0 empty'],
  ],
  ['a carriage return', `${HELP}a 1\r\na 2\n`, ['2:3 value']],
  ['a series twice', `${HELP}a{b="1",c="2"} 1\na{c="2",b="1"} 1\n`, ['3:0 duplicate']],
  [
    'a series twice, once with a label that is empty',
    `${HELP}a{b="1",c=""} 1\na{b="1"} 1\n`,
    ['3:0 duplicate'],
  ],
  [
    'a series twice, spelled with escapes',
    `${HELP}a{b="\\\\n"} 1\na{b="\\n"} 1\na{b="\n"} 1\n`,
    ['4:6 syntax', '5:1 name'],
  ],
  [
    'series that differ in where a value ends',
    `${HELP}a{b="1",c="2"} 1\na{b="1c",d="2"} 1\na{bc="1"} 1\na{b="c1"} 1\n`,
    [],
  ],
  ['families interleaved', `${HELP}a 1\n# HELP b B.\nb 1\na{c="1"} 1\n`, ['5:0 interleaved']],
  ['a family that is announced and goes on later', `${HELP}# HELP b B.\nb 1\na 1\n`, ['4:0 interleaved']],
  ['a type that is not of text', `${HELP}# TYPE a info\na 1\n`, ['2:3 type']],
  ['TYPE behind samples', `${HELP}a 1\n# TYPE a gauge\n`, ['3:3 late']],
  ['HELP behind samples', `a 1\n${HELP}`, ['2:3 late-help']],
  ['TYPE twice', `${HELP}# TYPE a gauge\n# TYPE a gauge\na 1\n`, ['3:3 repeated']],
  ['the plain line of a histogram', `${HISTOGRAM}h 1\n`, ['3:0 sample']],
  [
    'buckets out of order',
    `${HISTOGRAM}h_bucket{le="2"} 1\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ['4:0 bucket-order'],
  ],
  [
    'one bucket in two spellings',
    `${HISTOGRAM}h_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ['4:0 bucket-order'],
  ],
  [
    'buckets that are not cumulative',
    `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="2"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n`,
    ['4:0 bucket-count'],
  ],
  ['no +Inf', `${HISTOGRAM}h_bucket{le="1"} 2\nh_sum 1\nh_count 2\n`, ['3:0 bucket-infinite']],
  ['+Inf that differs', `${HISTOGRAM}h_bucket{le="+Inf"} 2\nh_sum 1\nh_count 3\n`, ['5:0 bucket-total']],
  [
    'a count before its buckets',
    `${HISTOGRAM}h_count 3\nh_sum 1\nh_bucket{le="+Inf"} 2\n`,
    ['5:0 bucket-total'],
  ],
  ['no count, no sum', `${HISTOGRAM}h_bucket{le="+Inf"} 2\n`, ['3:0 incomplete', '3:0 no-sum']],
  [
    'a bucket without le',
    `${HISTOGRAM}h_bucket 2\n`,
    ['3:0 bucket-bound', '3:0 bucket-infinite', '3:0 incomplete', '3:0 no-sum'],
  ],
  [
    'series of a histogram whose lines stand apart, as text permits',
    `${HISTOGRAM}${[1, 2].map(n => `h_bucket{n="${n}",le="1"} ${n}\n`).join('')}${[1, 2]
      .map(n => `h_bucket{n="${n}",le="+Inf"} ${n - 1}\n`)
      .join(
        '',
      )}${[1, 2].map(n => `h_sum{n="${n}"} 1\n`).join('')}${[1, 2].map(n => `h_count{n="${n}"} ${n - 1}\n`).join('')}`,
    ['5:0 bucket-count', '6:0 bucket-count'],
  ],
  [
    'a summary without a quantile',
    '# HELP s S.\n# TYPE s summary\ns 1\ns_sum 1\ns_count 1\n',
    ['3:0 quantile'],
  ],
  ['a quantile above 1', '# HELP s S.\n# TYPE s summary\ns{quantile="99"} 1\n', ['3:0 quantile']],
  ['a counter that is negative', `${HELP}# TYPE a counter\na -1\n`, ['1:0 counter-name', '3:0 value-range']],
  [
    'a family with the name of a line of another',
    `# HELP h_count C.\n# TYPE h_count gauge\nh_count 1\n${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 1\n`,
    ['2:0 clash', '6:0 incomplete', '1:0 reserved-name'],
  ],
  ['the end of OpenMetrics', `${HELP}a 1\n${EOF}`, ['3:0 openmetrics']],
  ['an end without a line feed', `${HELP}a 1`, ['2:0 unended']],
]

const OPENMETRICS: typeof TEXT = [
  ['nothing', `${HELP}# TYPE a gauge\na 1\n${EOF}`, []],
  ['the last line feed is left out', `${HELP}a 1\n# EOF`, []],
  ['no end', `${HELP}a 1\n`, ['2:0 eof']],
  ['something behind the end', `${HELP}a 1\n${EOF}a 2\n`, ['4:0 duplicate', '4:1 eof']],
  ['two ends', `${HELP}a 1\n${EOF}${EOF}`, ['4:1 eof', '4:1 eof']],
  ['an empty line', `${HELP}a 1\n\n${EOF}`, ['3:1 comment']],
  ['a comment for people', `${HELP}a 1\n# x\n${EOF}`, ['3:1 comment']],
  ['two spaces', `${HELP}a  1\na 1\n${EOF}`, ['2:3 value']],
  ['a comma behind the last label', `${HELP}a{b="1",} 1\na 1\n${EOF}`, ['2:9 label']],
  ['a type of text', `${HELP}# TYPE a untyped\na 1\n${EOF}`, ['2:3 type']],
  ['a counter without _total', `${HELP}# TYPE a counter\na 1\n${EOF}`, ['3:0 sample']],
  ['a counter', `${HELP}# TYPE a counter\na_total 1 # {trace_id="x"} 1 1.5\na_created 1.5\n${EOF}`, []],
  ['a counter that is negative', `${HELP}# TYPE a counter\na_total -1\n${EOF}`, ['3:0 negative']],
  [
    'a unit that the name has',
    '# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds A.\na_seconds 1\n# EOF\n',
    [],
  ],
  ['a unit that the name lacks', `${HELP}# UNIT a seconds\na 1\n${EOF}`, ['2:3 unit']],
  ['an exemplar of a gauge', `${HELP}# TYPE a gauge\na 1 # {b="c"} 1\n${EOF}`, ['3:0 exemplar']],
  [
    'an exemplar that is too long',
    `${HELP}# TYPE a counter\na_total 1 # {b="${'é'.repeat(128)}"} 1\n${EOF}`,
    ['3:11 exemplar'],
  ],
  [
    'an exemplar of 128 characters',
    `${HELP}# TYPE a counter\na_total 1 # {b="${'é'.repeat(127)}"} 1\n${EOF}`,
    [],
  ],
  ['an info', '# HELP a A.\n# TYPE a info\na_info{b="1"} 1\n# EOF\n', []],
  ['an info that is 2', '# HELP a A.\n# TYPE a info\na_info{b="1"} 2\n# EOF\n', ['3:0 info']],
  ['a stateset', '# HELP a A.\n# TYPE a stateset\na{a="x"} 1\na{a="y"} 0\n# EOF\n', []],
  ['a stateset without its label', '# HELP a A.\n# TYPE a stateset\na{b="x"} 1\n# EOF\n', ['3:0 stateset']],
  [
    'le as an integer',
    `${HISTOGRAM}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n${EOF}`,
    ['3:0 canonical'],
  ],
  ['buckets alone', `${HISTOGRAM}h_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 1\n${EOF}`, []],
  ['count without sum', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 1\n${EOF}`, ['3:0 incomplete']],
  [
    'a sum beside negative buckets',
    `${HISTOGRAM}h_bucket{le="-1.0"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n${EOF}`,
    ['3:0 sum'],
  ],
  [
    'a gauge histogram',
    `# HELP h H.\n# TYPE h gaugehistogram\nh_bucket{le="-1.0"} 1\nh_bucket{le="+Inf"} 1\nh_gsum -1\nh_gcount 1\n${EOF}`,
    [],
  ],
  ['points in order', `${HELP}# TYPE a gauge\na 1 1\na 1 2.5\n${EOF}`, []],
  ['points out of order', `${HELP}# TYPE a gauge\na 1 2\na 1 1\n${EOF}`, ['4:0 timestamp', '4:0 duplicate']],
  ['a point without a time', `${HELP}# TYPE a gauge\na 1 2\na 1\n${EOF}`, ['4:0 timestamp', '4:0 duplicate']],
  [
    'points of a histogram',
    `${HISTOGRAM}${[1, 2].map(at => `h_bucket{le="1.0"} ${3 - at} ${at}\nh_bucket{le="+Inf"} 3 ${at}\n`).join('')}${EOF}`,
    [],
  ],
  [
    'label sets interleaved',
    `${HISTOGRAM}h_bucket{n="1",le="+Inf"} 1\nh_bucket{n="2",le="+Inf"} 1\nh_count{n="1"} 1\nh_sum{n="1"} 1\n${EOF}`,
    ['5:0 interleaved'],
  ],
]

for (const [format, cases] of [
  ['text', TEXT],
  ['openmetrics', OPENMETRICS],
] as const) {
  for (const [what, text, found] of cases)
    t.test(`${format}: ${what}`, async t => {
      t.same(checked(text, format).places, found)
      // However the bytes come.
      for (const cut of [1, 2, 7]) t.same(checked(text, format, cut).places, found)
    })
}

t.test('bytes that are no UTF-8', async t => {
  const bytes = Buffer.concat([
    Buffer.from('# HELP a A.\na{b="x'),
    Buffer.of(0xff),
    Buffer.from('"} 1\na 1\n'),
  ])
  t.same(checked(bytes).places, ['2:6 utf8'])
})

t.test('each code of an error and remark has a text in which it is found', async t => {
  const elsewhere: readonly Code[] = ['utf8', 'long', 'fell', 'content-type', 'unchecked']
  const style: readonly Code[] = [
    ...(['no-help', 'reserved-label', 'type-in-name', 'colon', 'camel-case'] as const),
    ...(['abbreviation', 'base-unit', 'timestamp-name'] as const),
  ]
  const found = new Set<Code>([...elsewhere, ...style])
  for (const [, text] of TEXT) for (const code of checked(text).codes) found.add(code)
  for (const [, text] of OPENMETRICS) for (const code of checked(text, 'openmetrics').codes) found.add(code)
  t.same(
    Object.keys(CODES).filter(code => !found.has(code as Code)),
    [],
  )
})

t.test('a line without an end is left out, and takes no memory', async t => {
  const long = Buffer.alloc(9 * 2 ** 20, 'x')
  const { places } = checked(Buffer.concat([long, Buffer.from('\n# HELP a A.\na 1\na 1\n')]), 'text', 2 ** 16)
  t.same(places, ['1:0 long', '4:0 duplicate'])
})

t.test('faults beyond a number are counted and not kept', async t => {
  const { errors, kept } = checked('a{\n'.repeat(5000))
  t.equal(errors, 5000)
  t.equal(kept.filter(({ code }) => code === 'label' || code === 'syntax').length, 1000)
})

t.test('beyond a number of families there is less that is checked, which is said', async t => {
  const lines = Array.from({ length: 100_050 }, (_, n) => `a${n} 1\n`)
  const { checker, codes } = checked(`${lines.join('')}a100040 1\n`)
  t.equal(checker.families.all.length, 100_001)
  t.same([...new Set(codes)].sort(), ['duplicate', 'no-help', 'unchecked'])
})

t.test('labels are counted, and what there would be without each', async t => {
  const lines = Array.from({ length: 3000 }, (_, n) => `a{few="${n % 3}",many="${n}"} 1\n`)
  const { checker } = checked(`${HELP}${lines.join('')}`)
  const [few, many] = checker.families.all[0]!.labels
  t.same([few!.values.count, few!.values.exact], [3, true])
  t.same([many!.without.count, many!.without.exact], [3, true])
  t.notOk(many!.values.exact)
  t.ok(Math.abs(many!.values.count - 3000) < 200, `${many!.values.count} of 3000`)
  t.ok(Math.abs(few!.without.count - 3000) < 200, `${few!.without.count} of 3000`)
})
