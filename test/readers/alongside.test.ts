/** Text that is checked before it is served: readers take whatever is left of it, however it was mangled before. */
import fc from 'fast-check'
import t from 'tap'
import { needExpfmt } from '../../scripts/need-expfmt.js'
import { needPythonClient } from '../../scripts/need-python-client.js'
import { partsOf } from '../../src/exposition/alongside.js'
import { checkText } from '../../src/exposition/checked-text.js'
import { SEED } from '../support/arbitrary.js'
import { neededOrSkip } from '../support/need.js'
import * as go from './go.js'
import * as python from './python.js'

const RUNS = 1_000
const NAMES = ['a', 'a_total', 'a_sum', 'a_count', 'a_bucket', 'b', 'b:c']
const piece = fc.constantFrom(
  ...[
    '{',
    '}',
    '"',
    ',',
    '=',
    '\\',
    '\\n',
    '\\\\',
    '\\"',
    ' ',
    '\t',
    '#',
    '1',
    '-',
    '+Inf',
    'NaN',
    'e',
    '.',
    '0x1',
  ],
  ...['le="1"', 'quantile="0.5"', 'x="1"', 'x=""', 'ü', '\u0000', '\r', '\ud800', '\u2028', '_', 'a', '1_0'],
)
const name = fc.constantFrom(...NAMES)
const label = fc.constantFrom(
  'x="1"',
  'y="z z"',
  'le="1"',
  'le="+Inf"',
  'quantile="0.5"',
  'x="\\n\\\\\\""',
  'x="1",',
)
const sample = fc
  .tuple(
    name,
    fc.array(label, { maxLength: 3 }),
    fc.constantFrom('1', '-2.5e3', 'NaN', '+Inf', '.5', '1 1700000000000'),
  )
  .map(([name, labels, value]) => `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${value}`)
const head = fc
  .tuple(
    fc.constantFrom('HELP', 'TYPE'),
    name,
    fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'untyped', 'text \\n \\\\ of it', ''),
  )
  .map(([keyword, name, rest]) => `# ${keyword} ${name} ${rest}`)
const line = fc.oneof({ weight: 4, arbitrary: sample }, { weight: 2, arbitrary: head })
/** Most lines are as they should be; some have a piece put somewhere, or lack a character. */
const mangled = fc
  .tuple(line, fc.option(piece, { freq: 3 }), fc.nat(30), fc.boolean())
  .map(([line, piece, at, cut]) => {
    const place = at % (line.length + 1)
    if (piece !== null && at % 2 === 0) return line.slice(0, place) + piece + line.slice(place)
    return cut && at % 5 === 0 ? line.slice(0, place) + line.slice(place + 1) : line
  })
const text = fc.array(mangled, { maxLength: 12 }).map(lines => lines.join('\n'))

async function servesOnlyGood(
  read: (text: string) => Promise<unknown>,
): Promise<[left: number, all: number]> {
  let [left, all] = [0, 0]
  await fc.assert(
    fc.asyncProperty(text, async given => {
      const { families } = checkText(given)
      const served = [...partsOf(families, 'p_')].join('')
      all += given.split('\n').length
      left += served.split('\n').length - 1
      try {
        await read(served)
      } catch (error) {
        throw new Error(`${(error as Error).message}\nin\n${served}`)
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
  return [left, all]
}

t.comment(`POSTMETER_SEED=${SEED}`)

t.test("Go's expfmt", async t => {
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (program === undefined) return
  const reader = go.goReader(t, program)
  const [left, all] = await servesOnlyGood(text => reader.read('text', text))
  t.ok(left > all / 10, `${left} of ${all} lines are served`)
})

t.test('prometheus_client', async t => {
  const client = await neededOrSkip(t, 'prometheus_client', needPythonClient)
  if (client === undefined) return
  const reader = python.pythonReader(t, client)
  const [left, all] = await servesOnlyGood(text => reader.read('text', text))
  t.ok(left > all / 10, `${left} of ${all} lines are served`)
})
