/** What Python's parser of OpenMetrics refuses, check refuses: over texts that are mutated at random. */
import t from 'tap'
import { needPythonClient } from '../../scripts/need-python-client.js'
import { pythonReader } from '../readers/python.js'
import { SEED } from '../support/arbitrary.js'
import { neededOrSkip } from '../support/need.js'
import { checked } from './checked.js'
import { Mutations } from './mutations.js'

const RUNS = Number(process.env.POSTMETER_RUNS ?? 100) * 5

const GOOD: readonly string[] = [
  '# HELP a Messages.\n# TYPE a counter\na_total{to="x"} 1 # {trace_id="t"} 0.5 1.5\na_created{to="x"} 1.5\na_total{to="y"} 2.5\n',
  '# HELP q Waiting, with \\"quotes\\", \\\\ and \\n.\n# TYPE q gauge\nq -1e-7\n',
  '# HELP h_seconds Times.\n# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n' +
    'h_seconds_bucket{hop="1",le="0.1"} 1\nh_seconds_bucket{hop="1",le="1.0"} 3 # {a="b"} 0.4\n' +
    'h_seconds_bucket{hop="1",le="+Inf"} 4\nh_seconds_sum{hop="1"} 9.75\nh_seconds_count{hop="1"} 4\n' +
    'h_seconds_bucket{hop="2",le="0.1"} 0\nh_seconds_bucket{hop="2",le="1.0"} 0\nh_seconds_bucket{hop="2",le="+Inf"} 0\n',
  '# HELP s_bytes Sizes.\n# TYPE s_bytes summary\ns_bytes{quantile="0.5"} 10\ns_bytes{quantile="0.99"} NaN\ns_bytes_sum 44\ns_bytes_count 3\n',
  '# HELP g G.\n# TYPE g gaugehistogram\ng_bucket{le="1.0"} 1\ng_bucket{le="+Inf"} 2\ng_gsum 3\ng_gcount 2\n',
  '# HELP build Build.\n# TYPE build info\nbuild_info{version="1"} 1\n# HELP state State.\n# TYPE state stateset\nstate{state="up"} 1\nstate{state="down"} 0\n',
  '# HELP u Unknown.\n# TYPE u unknown\nu{v="\\"\\\\\\n é"} 1 1.5\nu{v="\\"\\\\\\n é"} 2 2.5\n',
]
/** Refusals that are the parser's mistakes. */
const OWN_FAULTS: readonly RegExp[] = [
  // It compares times of two kinds.
  /^(Type|Attribute)Error/,
  // It takes a time without a fraction for one before those with one.
  /^ValueError: Timestamps went backwards .* \d+\.?$/,
  // It looks for the brace that ends labels within their values.
  /^ValueError: Invalid line: # \{\w+="[^"]*\}/,
]
const WHOLE = [...GOOD, GOOD.join('')].map(text => `${text}# EOF\n`)

t.test("Python's parser of OpenMetrics", async t => {
  const client = await neededOrSkip(t, "Python's client", needPythonClient)
  if (!client) return
  const reader = pythonReader(t, client)
  const refusal = (text: string) =>
    reader.read('openmetrics', text).then(
      () => undefined,
      (error: Error) => error.message,
    )

  t.test('takes what is good', async t => {
    for (const text of WHOLE) {
      t.equal(await refusal(text), undefined)
      t.same(checked(text, 'openmetrics').places, [])
    }
  })

  t.test('finds nothing in mutated texts that check does not find', async t => {
    t.comment(`POSTMETER_SEED=${SEED}`)
    const mutations = new Mutations(SEED)
    let refused = 0
    for (let run = 0; run < RUNS; run++) {
      const text = mutations.mutated(WHOLE)
      const why = await refusal(text)
      if (why === undefined || OWN_FAULTS.some(fault => fault.test(why))) continue
      refused++
      if (checked(text, 'openmetrics').errors === 0)
        t.fail(`Python refuses: ${why} in ${JSON.stringify(text)}`)
    }
    t.ok(refused > RUNS / 10 && refused < RUNS, `${refused} of ${RUNS} are refused`)
  })
})
