/** Bodies that are no expositions, however they begin: a page is told as one, by both commands. */
import t from 'tap'
import { type Before, look } from '../../src/cli/check/look.js'
import { Series } from '../../src/cli/check/series.js'
import { isTelling, refuseForeign } from '../../src/cli/source/sniff.js'

const page = (text: string) => `${text}<html><body>${'<p>Not here.</p>'.repeat(200)}</body></html>`
const COMMENT = `<!-- ${'made by a proxy '.repeat(100)} -->`

/** Looks as check does, at chunks of some size. */
function looked(body: string, contentType: string | undefined, size: number) {
  const bytes = Buffer.from(body)
  const chunks = (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  })()
  const source = { shown: 'x', again: false, open: async () => ({ chunks, endpoint: { contentType } }) }
  const before: Before = { series: new Series(false), startTime: 0, looks: 0 }
  return look(source, { format: undefined, most: 10, top: 10 }, before)
}

for (const [name, begins] of [
  ['a tag', ''],
  ['a doctype', '<!DOCTYPE html>'],
  ['a comment', '<!-- x -->'],
  ['a comment that is long', COMMENT],
  ['a mark of the order of bytes', '\ufeff'],
  ['that, and a comment', `\ufeff\n${COMMENT}\n`],
  ['many empty lines', '\r\n'.repeat(1500)],
] as const)
  t.test(`a page that begins with ${name}`, async t => {
    for (const type of ['text/html', 'text/plain', undefined])
      for (const size of [100, 2 ** 16])
        await t.rejects(looked(page(begins), type, size), {
          exit: 'foreign',
          message: /^the body is no exposition but HTML/,
        })
  })

t.test('what looks like one in an exposition is none', async t => {
  for (const body of ['# <html>\na 1\n', 'a{b="<html>"} 1\n', '\n\n  a 1\n'])
    t.equal((await looked(body, 'text/plain', 4)).series, 1)
  t.equal((await looked('< 1\n', 'text/plain', 4)).findings.errors, 1, 'it is a line that cannot be read')
})

t.test('nobody waits for the end of spaces', async t => {
  t.equal(isTelling(Buffer.from(' '.repeat(2000))), false)
  t.equal(isTelling(Buffer.from(' '.repeat(10_000))), true)
  refuseForeign(Buffer.from(' '.repeat(10_000)), undefined)
})
