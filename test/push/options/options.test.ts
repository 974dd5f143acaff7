/** Options of push(): each mistake is named with its option and its value, and no secret is shown. */
import t from 'tap'
import { type PushOptions, push } from '../../../src/index.js'
import { checkPushOptions } from '../../../src/push/options/options.js'
import { fresh } from '../../support/registry.js'

const GOOD: PushOptions = { url: 'http://receiver:9090/api/v1/write', protocol: 'remote-write' }
const GATEWAY: Partial<PushOptions> = { protocol: 'pushgateway', labels: { job: 'mta' } }

const REFUSED: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ url: undefined }, /^option "url": undefined is not a url/],
  [{ url: 'receiver:9090' }, /^option "url": "receiver:9090" begins neither with http: nor with https:/],
  [{ url: 'http://me:hunter2@receiver/' }, /^option "url": .* has credentials in it/],
  [{ url: 'http://receiver/?key=hunter2#x' }, /^option "url": "http:\/\/receiver\/" has a fragment/],
  [{ protocol: 'statsd' }, /^option "protocol": "statsd" is none of remote-write, otlp, pushgateway$/],
  [{ protocol: undefined }, /^option "protocol": undefined is none of/],
  [{ version: '3.0' }, /^option "version": "3.0" is none of 1.0, 2.0$/],
  [{ version: 2 }, /^option "version": 2 is none of/],
  [{ protocol: 'otlp', version: '2.0' }, /^option "version": "2.0" goes with protocol "remote-write" alone$/],
  [{ method: 'PUT' }, /^option "method": "PUT" goes with protocol "pushgateway" alone$/],
  [{ ...GATEWAY, method: 'DELETE' }, /^option "method": "DELETE" is none of PUT, POST$/],
  [{ every: 999 }, /^option "every": 999 is less than a second$/],
  [{ every: '0.5s' }, /^option "every": "0.5s" is less than a second$/],
  [{ every: 'soon' }, /^option "every": "soon" is not a duration/],
  [{ every: Number.NaN }, /^option "every": NaN is not a duration/],
  [{ every: '1y' }, /^option "every": "1y" is not from 1 ms to 20 days$/],
  [{ timeout: 0 }, /^option "timeout": 0 is not from 1 ms to 20 days$/],
  [{ labels: [] }, /^option "labels": .* is not an object of label values$/],
  [{ labels: { 'a-b': 'x' } }, /a-b/],
  [{ labels: { __name__: 'x' } }, /__name__/],
  [{ labels: { le: '1' } }, /^option "labels": "le" is a label of histograms or summaries$/],
  [{ labels: { job: {} } }, /job/],
  [{ labels: { job: 'x'.repeat(100_000) } }, /^option "labels": .* longer than \d+ bytes$/],
  [{ protocol: 'pushgateway' }, /^option "labels": undefined has no job/],
  [{ protocol: 'pushgateway', labels: { job: '' } }, /^option "labels": .* has no job/],
  [{ prefix: 'a-' }, /^option "prefix": "a-"/],
  [{ prefix: 'x'.repeat(65) }, /^option "prefix": /],
  [{ selfMetrics: 'no' }, /^option "selfMetrics": "no" is not a boolean$/],
  [{ withdraw: 1 }, /^option "withdraw": 1 is not a boolean$/],
  [{ redirects: 1 }, /^option "redirects": 1 is not true or false$/],
  [{ name: '' }, /^option "name": "" is not a text of 1 to 100 characters$/],
  [{ name: 'x'.repeat(101) }, /^option "name": /],
  [{ log: 'console' }, /^option "log": "console" is not a function$/],
  [
    { auth: { kind: 'basic', username: 'me', password: 'hunter2', token: 'hunter2' } },
    /^option "auth.token"/,
  ],
  [{ auth: { kind: 'bearer', token: 'hunter2\n' } }, /^option "auth.token"/],
  [{ auth: { kind: 'digest', password: 'hunter2' } }, /^option "auth.kind": "digest"/],
  [{ headers: { 'x-key': 'hunter2\n' } }, /^option "headers/],
  [{ headers: { 'Content-Type': 'hunter2' } }, /^option "headers/],
  [{ headers: { 'X-Prometheus-Remote-Write-Version': 'hunter2' } }, /^option "headers/],
  [{ tls: { ca: '/nowhere/ca.pem' } }, /^option "url": .* has http: where option "tls" asks for https:/],
  [{ interval: '15s' }, /interval/],
]

t.test('mistakes are named where they are made', async t => {
  const { registry } = fresh(t)
  for (const [options, message] of REFUSED) {
    const error = await push(registry, { ...GOOD, ...options } as PushOptions).then(
      () => undefined,
      (error: Error & { code?: string }) => error,
    )
    t.match(error, { message, code: /^ERR_POSTMETER_/ }, JSON.stringify(options).slice(0, 100))
    t.notMatch(String(error?.stack), /hunter2/)
  }
})

t.test('a call without options, or of no registry', async t => {
  const { registry } = fresh(t)
  await t.rejects(push(registry, undefined as never), TypeError)
  await t.rejects(push({} as never, GOOD), { message: /^push: .* is not a registry$/ })
})

t.test('what is left out', async t => {
  const { settings } = checkPushOptions(GOOD)
  t.match(settings, {
    ...{ version: '1.0', method: 'PUT', every: 15_000, prefix: '', selfMetrics: true, withdraw: true },
    name: 'remote-write',
    delivery: { timeout: 10_000, redirects: false },
  })
  t.match(checkPushOptions({ ...GOOD, ...GATEWAY }).settings, { withdraw: false, name: 'pushgateway' })
})
