/** docs/TOP.md says what the sources say. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { HELP } from '../../src/cli/top/view/keys.js'
import { repository } from '../package/consumer.js'

const page = await readFile(join(repository, 'docs/TOP.md'), 'utf8')

t.test('the keys', async t => {
  const table = page.slice(page.indexOf('| keys |'), page.indexOf('Ctrl-Z'))
  const rows = [...table.matchAll(/^\| `(.+)` \| (.*) \|$/gm)].map(([, ...row]) => row)
  t.same(rows, HELP)
})
