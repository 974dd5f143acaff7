/** docs/CHECK.md says what the sources say. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { CODES } from '../../src/cli/check/codes.js'
import { EXITS } from '../../src/cli/source/exits.js'
import { repository } from '../package/consumer.js'

const page = await readFile(join(repository, 'docs/CHECK.md'), 'utf8')

t.test('the codes to end with', async t => {
  const rows = [...page.matchAll(/^\| (\d) \| (.*) \|$/gm)].map(([, code, what]) => [Number(code), what])
  t.same(rows, Object.values(EXITS))
})

t.test('the codes of findings', async t => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (error|remark) \| (.*) \|$/gm)].map(([, ...row]) => row)
  t.same(
    rows,
    Object.entries(CODES).map(([code, [severity, what]]) => [code, severity, what]),
  )
})
