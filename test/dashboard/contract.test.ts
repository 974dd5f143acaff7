/** What the page takes for a name, and how much it asks for, is what the front takes. */
import fc from 'fast-check'
import t from 'tap'
import { FAMILY, LABEL, MOST_PANELS } from '../../src/front/contract/dashboard.js'
import { familyView, panelOf } from '../../src/front/page/views.js'
import { panelsOf } from '../../src/front/request/panels.js'

const letters = fc.string({ unit: fc.constantFrom(...'aZ_:0-.% é'), maxLength: 6 })
const long = fc.constantFrom(1023, 1024, 1025).map(length => 'a'.repeat(length))
const names = fc.oneof(letters, long)

t.test('a name that the page puts into a question is one that the front reads', async () => {
  fc.assert(
    fc.property(names, fc.option(names, { nil: undefined }), (family, label) => {
      const isName = FAMILY.test(family) && (label === undefined || LABEL.test(label))
      const read = panelsOf([label === undefined ? family : `${family}/${label}`])
      if (!isName) return typeof read === 'string'
      const [part] = familyView(family, label).parts
      const asked = new URLSearchParams(`panel=${panelOf(part!)}`).getAll('panel')
      const [panel] = panelsOf(asked) as Exclude<typeof read, string>
      return panel!.name === family && panel!.by === label
    }),
  )
})

t.test('so many panels as the page asks for, the front answers', async t => {
  t.equal(panelsOf(new Array(MOST_PANELS).fill('a')).length, MOST_PANELS)
  t.type(panelsOf(new Array(MOST_PANELS + 1).fill('a')), 'string')
})
