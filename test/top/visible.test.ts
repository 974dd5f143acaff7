/** What is printed of texts that others wrote. */
import t from 'tap'
import { SourceFailure } from '../../src/cli/source/exits.js'
import { asJson, failureAsJson } from '../../src/cli/top/plain.js'
import { Looks } from './looks.js'

t.test('nothing in JSON, or in a message, does anything to a terminal', async t => {
  const evil = 'a\u009b31m\u202eb\u2028\u{e0001}\x7f\x1b'
  const looks = new Looks()
  looks.model.openByName('m')
  looks.look(`m{x="${evil}"} 1\n`)
  const seen = {
    bytes: 1,
    milliseconds: 1,
    whole: true,
    samples: 1,
    bad: 0,
    family: 'm',
    by: 'x',
    source: evil,
  }
  const json = asJson(looks.parts('x'), seen)
  const { message } = new SourceFailure('status', evil)
  for (const text of [
    json.trimEnd(),
    message,
    failureAsJson(evil, { kind: 'status', message: evil }).trimEnd(),
  ])
    t.notMatch(text, /[\p{Cc}\p{Cf}\p{Zl}]/u)
  t.match(JSON.parse(json), { source: evil, rows: [{ name: evil }] }, 'it still says the same')
})
