/** What docs/DASHBOARD.md says of the page, held against it. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { MOST_PANELS } from '../../src/front/contract/dashboard.js'
import { viewsOf } from '../../src/front/page/fragment.js'
import { PRESETS } from '../../src/front/page/presets.js'
import { mail } from './mail.js'

const text = readFileSync(new URL('../../../docs/DASHBOARD.md', import.meta.url), 'utf8')
const page = new URL('../../page/', import.meta.url)

t.test('the page is no larger than it says', async t => {
  const [, kilobytes] = /less than (\d+) kB, compressed/.exec(text)!
  const sizes = ['index.html', 'app.js', 'app.css'].map(
    name => gzipSync(readFileSync(new URL(name, page))).length,
  )
  const size = sizes.reduce((sum, one) => sum + one, 0)
  t.ok(size > 10_000 && size < Number(kilobytes) * 1000, `${size} bytes`)
})

t.test('it names each picture that the page begins with', async t => {
  const named = new Set(Array.from(text.matchAll(/`@([a-z-]+)`/g), ([, name]) => name))
  t.same([...named].sort(), [...new Set(PRESETS.map(({ name }) => name))].sort())
})

t.test('the address that it shows is one', async t => {
  const [, fragment] = /dashboard(#\S+)/.exec(text)!
  const views = viewsOf(fragment!, new Map(mail.map(family => [family.name, family])))!
  t.same(
    views.map(({ id }) => id),
    ['@mail-flow', 'scheduled_by_domain/domain', 'ready_full'],
  )
})

t.test('as many families are shown as it says', async t => {
  t.ok(text.includes(`Up to ${MOST_PANELS} families are shown at once`))
})
