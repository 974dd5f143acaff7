/** Options of a push that are about delivery: what is wrong is said in the call, and no secret with it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkDelivery, type DeliveryOptions } from '../../../src/push/delivery/settings.js'
import { hasOpenssl, makePair } from '../../support/certificates.js'

const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
t.teardown(() => rmSync(dir, { recursive: true }))

const DEFAULTS = {
  protocol: 'remote-write',
  timeout: 10_000,
  headers: ['x-prometheus-remote-write-version'],
} as const
const check = (options: DeliveryOptions) =>
  checkDelivery('push', { url: 'https://metrics.example/write', ...options }, DEFAULTS)

/** That it throws such a message, with the code of options, and without the secret. */
function refuses(t: Test, options: DeliveryOptions, message: string | RegExp, secret?: string): void {
  try {
    check(options)
    t.fail('it was accepted')
  } catch (error) {
    const { code, message: said } = error as Error & { code: string }
    t.match({ code, said }, { code: 'ERR_POSTMETER_OPTION', said: message })
    if (secret !== undefined) t.notMatch(said, secret)
  }
}

t.test('only a url is needed, and the settings can go to another thread', async t => {
  const settings = check({})
  t.same(settings, {
    url: 'https://metrics.example/write',
    protocol: 'remote-write',
    headers: {},
    auth: undefined,
    tls: undefined,
    redirects: false,
    timeout: 10_000,
  })
  t.same(structuredClone(settings), settings)
})

t.test('url', async t => {
  for (const url of ['http://[::1]:9090/write?tenant=a', 'https://h/', 'http://127.0.0.1:1'])
    t.equal(check({ url }).url, new URL(url).href)
  refuses(t, { url: undefined }, 'option "url": undefined is not a url such as "https://')
  refuses(t, { url: 'metrics.example' }, 'option "url": "metrics.example" is not a url')
  refuses(t, { url: new URL('http://h') }, 'option "url": [object URL] is not a url')
  refuses(t, { url: 'ftp://h/x' }, 'option "url": "ftp://h/x" begins neither with http: nor with https:')
  refuses(t, { url: 'localhost:9090' }, 'begins neither with http: nor with https:')
  refuses(t, { url: 'http://h/x#y' }, 'option "url": "http://h/x" has a fragment')
})

t.test('credentials in the url are refused, and neither they nor a query are shown', async t => {
  for (const url of ['https://me:hunter2@h/x', 'https://hunter2@h/x', 'https://me:a@hunter2@h/x'])
    refuses(t, { url }, 'option "url": "https://h/x" has credentials in it', 'hunter2')
  refuses(t, { url: 'https://me:hunter2@h:99999/x?a=hunter2' }, '"https://h:99999/x" is not a url', 'hunter2')
  refuses(t, { url: 'me:hunter2@h' }, '"h"', 'hunter2')
  refuses(t, { url: 'ftp://h/?a=hunter2' }, '"ftp://h/" begins', 'hunter2')
  refuses(t, { url: 'http://h/?a=hunter2', tls: { serverName: 'x' } }, '"http://h/" has http:', 'hunter2')
})

t.test('headers are copied, by their names in lower case', async t => {
  const headers = {
    'X-Scope-OrgID': 'tenant',
    'User-Agent': 'me',
    Authorization: 'Custom x',
    __proto__x: 'y',
  }
  const checked = check({ headers }).headers
  t.same(checked, {
    'x-scope-orgid': 'tenant',
    'user-agent': 'me',
    authorization: 'Custom x',
    __proto__x: 'y',
  })
  t.not(checked, headers)
})

t.test('headers that cannot be sent, or that say how the body is read', async t => {
  for (const headers of [null, [], 'a: b', 7, new Map()])
    refuses(t, { headers }, /^option "headers": .* is not an object of names and values$/)
  for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'ü'])
    refuses(t, { headers: { [name]: 'x' } }, /^option "headers": ".*" is not the name of a header$/)
  for (const value of ['a\r\nInjected: b', 'a\nb', 'a\0', '\u{1f600}', 7, null, undefined, ['a'], {}])
    refuses(
      t,
      { headers: { 'X-Key': value } },
      'option "headers": the value of "x-key" is not one line of text',
    )
  refuses(t, { headers: { 'X-Key': 'hunter2\n' } }, 'the value of "x-key"', 'hunter2')
  for (const name of [
    'Content-Type',
    'content-encoding',
    'Content-Length',
    'HOST',
    'Transfer-Encoding',
    'Expect',
  ])
    refuses(t, { headers: { [name]: 'x' } }, `option "headers": "${name}" is set by push() itself`)
  refuses(t, { headers: { 'X-Prometheus-Remote-Write-Version': '9' } }, 'is set by push() itself')
  refuses(
    t,
    { headers: { 'X-A': '1', 'x-a': '2' } },
    'option "headers": "x-a" is there in another spelling, too',
  )
  const auth = { kind: 'bearer', token: 't' }
  refuses(t, { headers: { Authorization: 'x' }, auth }, '"Authorization" is what option "auth" sets')
})

t.test('auth: a password or a token, or a file that holds it', async t => {
  const file = join(dir, 'secret')
  writeFileSync(file, 'hunter2\n')
  for (const auth of [
    { kind: 'basic', username: 'me', password: 'a:b' },
    { kind: 'basic', username: 'me', password: '' },
    { kind: 'basic', username: '', passwordFile: file },
    { kind: 'bearer', token: 'abc.def-_~+/=' },
    { kind: 'bearer', tokenFile: file },
  ]) {
    t.same(check({ auth: { ...auth, [auth.kind === 'basic' ? 'token' : 'password']: undefined } }).auth, auth)
  }
})

t.test('auth that says nothing, or two things', async t => {
  const token = 'hunter2'
  refuses(t, { auth: 'Bearer hunter2' }, 'push: option "auth": options')
  refuses(t, { auth: { kind: 'digest' } }, 'option "auth.kind": "digest" is neither "basic" nor "bearer"')
  refuses(t, { auth: { kind: 'bearer', tokens: token } }, 'option "tokens" is not known', token)
  refuses(t, { auth: { kind: 'bearer' } }, 'option "auth.token" or option "auth.tokenFile" must be given')
  refuses(t, { auth: { kind: 'bearer', token, tokenFile: 'x' } }, 'and not both', token)
  refuses(t, { auth: { kind: 'bearer', token: '' } }, 'option "auth.token" is empty')
  refuses(t, { auth: { kind: 'bearer', token: 7 } }, 'option "auth.token" is not a text')
  refuses(
    t,
    { auth: { kind: 'bearer', token, username: 'x' } },
    '"auth.username" does not go with kind "bearer"',
  )
  refuses(t, { auth: { kind: 'bearer', token: 'hunter2 x' } }, 'characters that a token cannot have', token)
  refuses(
    t,
    { auth: { kind: 'bearer', token: 'hunter2\r\nX: y' } },
    'characters that a token cannot have',
    token,
  )
  const both = { password: token, passwordFile: 'x' }
  refuses(t, { auth: { kind: 'basic', username: 'me', ...both } }, 'and not both', token)
  refuses(t, { auth: { kind: 'basic', password: token } }, 'option "auth.username" must be given', token)
  refuses(t, { auth: { kind: 'basic', username: 'me:hunter2', password: 'x' } }, 'without colons', token)
})

t.test('files of auth that cannot be used', async t => {
  const [empty, folder, large, two] = ['empty', 'folder', 'large', 'two'].map(name => join(dir, name))
  writeFileSync(empty!, ' \n')
  mkdirSync(folder!)
  writeFileSync(large!, 'x'.repeat(65 * 1024))
  writeFileSync(two!, 'hunter2\nhunter3')
  const bearer = (tokenFile: string) => ({ auth: { kind: 'bearer', tokenFile } })
  refuses(t, bearer(join(dir, 'none')), /^option "auth.tokenFile" cannot be used: ENOENT.*none/)
  refuses(t, bearer(empty!), `option "auth.tokenFile" cannot be used: ${empty} is empty`)
  refuses(t, bearer(folder!), 'is not a regular file')
  refuses(t, bearer(large!), 'has 66560 bytes, and can have 65536 at most')
  refuses(t, bearer(two!), `${two} holds characters that a token cannot have`, 'hunter')
  const passwordFile = empty!
  refuses(t, { auth: { kind: 'basic', username: 'me', passwordFile } }, `"auth.passwordFile" cannot be used`)
})

t.test(
  'a pipe in place of a file is refused and not waited for',
  { skip: process.platform === 'win32' },
  async t => {
    const pipe = join(dir, 'pipe')
    execFileSync('mkfifo', [pipe])
    refuses(t, { auth: { kind: 'bearer', tokenFile: pipe } }, 'is not a regular file')
  },
)

t.test('tls', { skip: !hasOpenssl && 'no openssl' }, async t => {
  const [one, other] = [makePair(t, 'one.example'), makePair(t, 'other.example')]
  const tls = { ca: other.cert, ...one, serverName: 'one.example' }
  t.same(check({ tls: { ...tls, key: one.key } }).tls, tls)
  t.same(check({ tls: {} }).tls, {})
  refuses(
    t,
    { tls: { ...one, key: other.key } },
    /^option "tls" cannot be used: .*cert\.pem cannot be used: .*mismatch/,
  )
  refuses(t, { tls: { cert: one.cert } }, 'option "tls.key": undefined must go with a cert')
  refuses(t, { tls: { key: one.key } }, 'option "tls.cert": undefined must go with a key')
  refuses(t, { tls: { ca: join(dir, 'none.pem') } }, /^option "tls" cannot be used: ENOENT.*none\.pem/)
  refuses(t, { tls: { ca: one.key } }, /key\.pem cannot be used: /)
  refuses(t, { tls: { ca: '' } }, 'option "tls.ca": "" is not a text')
  refuses(t, { tls: { ca: Buffer.from('x') } }, 'option "tls.ca": [object Buffer] is not a text')
  refuses(t, { tls: { serverName: '127.0.0.1' } }, 'option "tls.serverName": "127.0.0.1" is an IP address')
  refuses(
    t,
    { tls: { rejectUnauthorized: false } },
    'push: option "tls": option "rejectUnauthorized" is not known',
  )
  refuses(t, { tls: true }, 'push: option "tls": options true are no object')
  refuses(
    t,
    { url: 'http://h/', tls: one },
    'option "url": "http://h/" has http: where option "tls" asks for https:',
  )
})

t.test('redirects and timeout', async t => {
  t.equal(check({ redirects: true }).redirects, true)
  t.equal(check({ timeout: '5s' }).timeout, 5000)
  refuses(t, { redirects: 'yes' }, 'option "redirects": "yes" is not true or false')
  refuses(t, { timeout: 0 }, 'option "timeout": 0 is not from 1 ms to 20 days')
  refuses(t, { timeout: 'soon' }, 'option "timeout": "soon" is not a duration')
})
