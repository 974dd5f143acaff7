/** What an editor shows of the package: what is public, and no part of the inside. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeConsumer } from './consumer.js'

/** What public declarations are made of, without being exported themselves. */
const PARTS = [
  ...['Child', 'Metric', 'SharedMemory', 'ExpireRule', 'FormatOptions', 'AnswerOptions'],
  ...['Tls', 'TransportName', 'Address', 'Servable'],
]

t.test('the declarations name what is public, and what that is made of', async t => {
  const consumer = await makeConsumer(t)
  const text = readFileSync(join(consumer.folder, 'node_modules/postmeter/dist/lib/index.d.ts'), 'utf8')
  const declared = [
    ...text.matchAll(/^(?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/gm),
  ]
  const exported = [...text.matchAll(/^export (?:type )?\{ (.*) \};$/gm)].flatMap(([, names]) =>
    names.split(', '),
  )
  t.ok(exported.includes('createRegistry') && exported.includes('Registry'), 'both lines were read')
  t.same(
    declared.map(([, name]) => name).filter(name => !exported.includes(name) && !PARTS.includes(name)),
    [],
    'nothing of the inside',
  )
  t.same(
    exported.filter(name => !declared.some(([, known]) => known === name)),
    [],
    'all of it is declared',
  )
  for (const inside of ['Arena', 'cells', 'letGo', '@internal']) {
    t.notOk(new RegExp(`^ +(?:readonly )?${inside}\\b`, 'm').test(text), `no member ${inside}`)
  }
})
