/** Which pictures a page begins with, and what its address says. */
import t from 'tap'
import { type Family, type FamilyType, MOST_PANELS } from '../../src/front/contract/dashboard.js'
import { chooseViews, type Families, presetView } from '../../src/front/page/choice.js'
import { fragmentOf, viewsOf } from '../../src/front/page/fragment.js'
import { matchesOf } from '../../src/front/page/matches.js'
import { familyView, panelsOf } from '../../src/front/page/views.js'
import { mail } from './mail.js'

const family = (name: string, labels: string[] = [], type: FamilyType = 'gauge'): Family => ({
  ...{ name, type, labels, help: '', series: 1 },
})
const familiesOf = (...all: readonly Family[]): Families => new Map(all.map(one => [one.name, one]))
const ids = (families: Families) => chooseViews(families).map(({ id }) => id)

t.test('a mail server begins with its flow, its queues and its latencies', async t => {
  t.same(ids(familiesOf(...mail)), [
    '@mail-flow',
    '@in-hand',
    '@waiting-by-domain',
    '@queued-by-provider',
    '@delivery-time',
    '@acceptance-time',
    '@cpu',
    '@memory',
    '@event-loop',
  ])
})

t.test('what it begins with leaves room for what is added', async t => {
  t.ok(panelsOf(chooseViews(familiesOf(...mail))).length < MOST_PANELS)
})

t.test('its flow is drawn from the totals by service, so that no message counts twice', async t => {
  const [flow] = chooseViews(familiesOf(...mail))
  t.same(
    flow!.parts.map(({ as, label, only }) => [as, label, only]),
    [
      ['received', 'service', 'totals'],
      ['delivered', 'service', 'totals'],
      ['deferred', 'service', 'totals'],
      ['bounced', 'service', 'totals'],
    ],
  )
})

t.test('names that a program chose for itself are known, too', async t => {
  const own = familiesOf(
    family('mail_accept_seconds', [], 'histogram'),
    family('mail_queued', ['domain']),
    family('mail_received_total', ['service'], 'counter'),
  )
  t.same(
    chooseViews(own).map(({ id, parts }) => [id, ...parts.map(({ family }) => family)]),
    [
      ['@mail-flow', 'mail_received_total'],
      ['@waiting-by-domain', 'mail_queued'],
      ['@acceptance-time', 'mail_accept_seconds'],
    ],
  )
})

t.test('a label is asked for only where the family has it', async t => {
  const [split] = chooseViews(familiesOf(family('mail_queued', ['domain'])))
  t.equal(split!.parts[0]!.label, 'domain')
  const [whole] = chooseViews(familiesOf(family('mail_queued')))
  t.equal(whole!.parts[0]!.label, undefined)
})

t.test('any other program begins with its process, then its first families', async t => {
  const some = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => family(name))
  const more = [
    family('a_info', [], 'info'),
    family('postmeter_series'),
    family('process_resident_memory_bytes'),
  ]
  t.same(
    ids(familiesOf(...more, ...some)),
    ['@memory', 'a', 'b', 'c', 'd', 'e'],
    'none that never moves, and none of ours',
  )
  t.same(ids(familiesOf()), [])
})

t.test('a preset whose families are not there names what it waits for', async t => {
  t.match(presetView('memory', familiesOf()), { parts: [{ family: 'process_resident_memory_bytes' }] })
  t.equal(presetView('nothing', familiesOf()), undefined)
})

t.test('what is shown is in the fragment, and comes back from it', async t => {
  const families = familiesOf(...mail)
  const views = [
    ...chooseViews(families),
    familyView('message_count'),
    familyView('scheduled_by_domain', 'domain'),
    familyView('a:b', 'c'),
  ]
  const fragment = fragmentOf(views)
  t.ok(fragment.startsWith('#show=@mail-flow&show='), fragment)
  t.same(viewsOf(fragment, families), views)
})

t.test('a fragment without views says nothing, and one of no views says so', async t => {
  t.equal(viewsOf('', familiesOf()), undefined)
  t.equal(viewsOf('#elsewhere', familiesOf()), undefined)
  t.same(viewsOf(fragmentOf([]), familiesOf()), [])
})

t.test('a fragment that was typed by hand does no harm', async t => {
  const views = viewsOf(
    '#show=a&show=a&show=%&show=@nothing&show=/&show=a/b/c&show=a/&show=b%20c&show=a/%62',
    familiesOf(),
  )!
  t.same(
    views.map(({ parts }) => parts[0]),
    [{ family: 'a' }, { family: 'a', label: 'b' }],
    'what the server would refuse is left out',
  )
})

t.test('an address that was encoded on its way is the same one', async t => {
  const families = familiesOf(...mail)
  const sent = '#show=%40mail-flow&show=scheduled%5Fby_domain%2Fdomain'
  t.same(viewsOf(sent, families), viewsOf('#show=@mail-flow&show=scheduled_by_domain/domain', families))
})

t.test('the box finds families by parts of their names, the best first', async t => {
  const all = ['deliver_mail', 'mail_queued', 'mail_sent', 'other'].map(name => family(name))
  const found = (typed: string) => matchesOf(typed, all).families.map(({ name }) => name)
  t.same(found('mail'), ['mail_queued', 'mail_sent', 'deliver_mail'])
  t.same(found('MAIL sent'), ['mail_sent'], 'in any case, and each word anywhere')
  t.same(found('no such'), [])
  t.same(
    found(''),
    all.map(({ name }) => name),
  )
})

t.test('the box shows fifty of them, and how many there are', async t => {
  const all = Array.from({ length: 5000 }, (_, at) => family(`part_${at}`))
  const { families, count } = matchesOf('part', all)
  t.match({ shown: families.length, count }, { shown: 50, count: 5000 })
})
