/** Grouping keys of a Pushgateway in the path, as the url that is asked has them. */
import fc from 'fast-check'
import t from 'tap'
import { groupPath } from '../../../src/push/protocols/pushgateway.js'
import { anyText, SEED } from '../../support/arbitrary.js'

t.comment(`POSTMETER_SEED=${SEED}`)

/** As the Pushgateway reads it: segments are unescaped one by one, after what stands for steps was taken. */
function read(path: string): Record<string, string> {
  const { pathname } = new URL(path, 'http://pushgateway')
  const [, metrics, ...segments] = pathname.split('/')
  t.equal(metrics, 'metrics')
  t.equal(segments.length % 2, 0)
  const labels: Record<string, string> = {}
  for (let n = 0; n < segments.length; n += 2) {
    const [name, encoding] = segments[n]!.split('@')
    const value = decodeURIComponent(segments[n + 1]!)
    labels[name!] = encoding === 'base64' ? Buffer.from(value, 'base64url').toString() : value
  }
  return labels
}

t.test('the job stands first', async t => {
  t.equal(groupPath({ instance: 'mx1', job: 'mta' }), '/metrics/job/mta/instance/mx1')
})

t.test('a slash, no value, steps of a path, and what is not ASCII', async t => {
  for (const value of [
    'a/b',
    '/',
    '',
    '.',
    '..',
    '...',
    '.a',
    'a b',
    'é',
    '%2e',
    '%2F',
    '@',
    '?',
    '#',
    '\\',
    '\0',
  ]) {
    const labels = { job: 'mta', instance: value, zone: 'z' }
    t.same(read(groupPath(labels)), labels, JSON.stringify(value))
  }
})

t.test('any values', async () => {
  const labels = fc.record({ job: anyText.filter(text => text !== ''), instance: anyText, a: anyText })
  fc.assert(
    fc.property(labels, labels => {
      const formed = Object.fromEntries(
        Object.entries(labels).map(([name, value]) => [name, value.toWellFormed()]),
      )
      const is = read(groupPath(formed))
      for (const [name, value] of Object.entries(formed))
        if (is[name] !== value)
          throw new Error(`${name}: ${JSON.stringify(is[name])} for ${JSON.stringify(value)}`)
    }),
    { seed: SEED },
  )
})
