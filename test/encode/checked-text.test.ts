/** Text of other libraries: what is taken over, and what is left out. */
import t from 'tap'
import { partsOf } from '../../src/exposition/alongside.js'
import { checkText } from '../../src/exposition/checked-text.js'

const spelled = (text: string, prefix = '') => [...partsOf(checkText(text).families, prefix)].join('')
const UNTYPED = /^# TYPE .* untyped\n/gm
const faults = (text: string) =>
  checkText(text).faults.map(({ line, family, why }) => `${line} ${family ?? '-'} ${why}`)

const GOOD = `# HELP c_total What is\\nsaid \\\\ here
# TYPE c_total counter
c_total{a="x",b="y\\"z\\\\\\n"} 1
c_total{a="x",b="} 1"} 1.5e+03 1700000000000
# HELP h h
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
# HELP s s
# TYPE s summary
s{quantile="0.5"} NaN
s_sum 3
s_count 2
# HELP empty nothing yet
# TYPE empty gauge
# TYPE plain untyped
plain 7
`

t.test('what readers take is taken over as it is', async t => {
  t.strictSame(faults(GOOD), [])
  t.equal(spelled(GOOD), GOOD)
  t.equal(
    spelled(GOOD, 'p_'),
    GOOD.replaceAll(/^(# (?:HELP|TYPE) )?(?=[a-z])/gm, '$1p_'),
    'with a prefix before each name',
  )
})

t.test('what says the same in another way, too', async t => {
  for (const [text, as] of [
    ['a 1', 'a 1\n'],
    ['a{} 1\n\n  \n# a comment\n#HELP a none\na{x="1",} 2\n', 'a 1\na{x="1"} 2\n'],
    ['a { x = "1" , y = "2" } +Inf\n', 'a{x="1",y="2"} +Inf\n'],
    ['a\t-.5e-3\t-1\n', 'a -.5e-3 -1\n'],
    ['# HELP a \\d \\\\ \\n\na 1\n', '# HELP a \\\\d \\\\ \\n\na 1\n'],
    ['# HELP a\na 1\n', '# HELP a \na 1\n'],
    ['', ''],
  ] as const) {
    t.strictSame(faults(text), [], JSON.stringify(text))
    t.equal(spelled(text).replace(UNTYPED, ''), as)
  }
})

t.test('a family that comes back is put together', async t => {
  const text = '# TYPE a gauge\na{x="1"} 1\n# TYPE b gauge\nb 1\na{x="2"} 2\n'
  t.strictSame(faults(text), [])
  t.equal(spelled(text), '# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\n# TYPE b gauge\nb 1\n')
})

t.test('a gauge that has the name of a line that a histogram could have is itself', async t => {
  const text = '# TYPE x_count gauge\nx_count 5\n# TYPE y histogram\ny_bucket{le="1"} 1\ny_count 1\n'
  t.strictSame(faults(text), [])
  t.strictSame(
    checkText(text).families.map(({ name, samples }) => [name, samples.length]),
    [
      ['x_count', 1],
      ['y', 2],
    ],
  )
})

const BAD: Readonly<Record<string, readonly [text: string, fault: string]>> = {
  'a value that is none': ['a one', '1 a has the value "one"'],
  'no value': ['a', '1 a has a line without a value'],
  'no value behind labels': ['a{x="1"}', '1 a has the value ""'],
  'a time that is none': ['a 1 now', '1 a has the value "1 now"'],
  'an exemplar, as OpenMetrics has it': ['a 1 # {b="c"} 1', '1 a has the value "1 # {b=\\"c\\"} 1"'],
  'a carriage return': ['a 1\r', '1 a has the value "1"'],
  'a name with a dot': ['a.b 1', '1 a has a line without a value'],
  'a label that is not closed': ['a{x="1} 1', '1 a has labels that cannot be read'],
  'an escape that there is not': ['a{x="\\t"} 1', '1 a has labels that cannot be read'],
  'labels without a comma': ['a{x="1" y="2"} 1', '1 a has labels that cannot be read'],
  'two commas': ['a{x="1",,} 1', '1 a has labels that cannot be read'],
  'a label name that is none': ['a{1="1"} 1', '1 a has labels that cannot be read'],
  'a label twice': ['a{x="1",x="2"} 1', '1 a has label "x" twice'],
  'a series twice': ['a{x="1",y="2"} 1\na{y="2",x="1"} 1', '2 a has a series twice'],
  'two types': ['# TYPE a gauge\n# TYPE a gauge\na 1', '2 a has a second TYPE'],
  'two helps': ['# HELP a b\n# HELP a b\na 1', '2 a has a second HELP'],
  'a type behind samples': ['a 1\n# TYPE a gauge', '2 a has its TYPE behind samples'],
  'a type that there is not': ['# TYPE a stateset\na 1', '1 a has the type "stateset"'],
  'a line that a histogram has not': ['# TYPE a histogram\na 1', '2 a is a histogram, and has a line a'],
  'a bucket without a bound': ['# TYPE a histogram\na_bucket 1', '2 a has a line without a number as its le'],
  'a quantile that is none': [
    '# TYPE a summary\na{quantile="half"} 1',
    '2 a has a line without a number as its quantile',
  ],
}

t.test('and one that has the name of a line of another one is not', async t => {
  for (const text of [
    '# TYPE x histogram\nx_count 1\n# TYPE x_count gauge\nx_count 2\n',
    '# TYPE x_count gauge\nx_count 2\n# TYPE x histogram\nx_count 1\n',
  ]) {
    t.match(faults(text)[0], /x_count has (the name of a line of "x"|a series twice)/)
    t.match(spelled(text), /^# TYPE x histogram\n/)
    t.notMatch(spelled(text), /gauge/)
  }
})

t.test('a family with a fault is left out, with the line that says so; the others stay', async t => {
  for (const [what, [text, fault]] of Object.entries(BAD)) {
    const lines = text.split('\n').length
    const around = `before 1\n${text}\nbehind 2\n`
    t.strictSame(
      faults(around),
      [fault.replace(/^\d+/, line => String(Number(line) + 1))],
      `${what}, of ${lines}`,
    )
    t.equal(spelled(around).replace(UNTYPED, ''), 'before 1\nbehind 2\n', what)
  }
  t.strictSame(faults('?\n{a="b"} 1\na 1'), ['1 - is no line of a metric', '2 - is no line of a metric'])
  t.equal(spelled('?\n{a="b"} 1\na 1'), '# TYPE a untyped\na 1\n', 'a line of no family is left out alone')
})
