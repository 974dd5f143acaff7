import t from 'tap'
import { show } from '../../src/common/errors.js'
import { listenText, parseListen, urlOf } from '../../src/front/transports/listen.js'

t.test('addresses', async t => {
  const rows: [listen: string, address: string, port: number, family: string, url: string][] = [
    ['127.0.0.1:8000', '127.0.0.1', 8000, 'IPv4', 'http://127.0.0.1:8000/metrics'],
    ['0.0.0.0:0', '0.0.0.0', 0, 'IPv4', 'http://127.0.0.1:0/metrics'],
    ['192.0.2.1:65535', '192.0.2.1', 65535, 'IPv4', 'http://192.0.2.1:65535/metrics'],
    ['[::1]:8000', '::1', 8000, 'IPv6', 'http://[::1]:8000/metrics'],
    ['[::]:8000', '::', 8000, 'IPv6', 'http://[::1]:8000/metrics'],
    ['[0:0:0:0:0:0:0:0]:1', '0:0:0:0:0:0:0:0', 1, 'IPv6', 'http://[::1]:1/metrics'],
  ]
  for (const [listen, address, port, family, url] of rows) {
    const parsed = parseListen(listen)
    t.same(parsed, { address, port, family }, listen)
    t.equal(listenText(parsed), listen)
    t.equal(urlOf(parsed), url)
  }
})

t.test('what is refused names the option and the value', async t => {
  const bad: unknown[] = [
    '',
    ':8000',
    '8000',
    8000,
    'localhost:8000',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:x',
    '127.0.0.1:-1',
    '127.0.0.1:1e3',
    '127.0.0.1:65536',
    '127.0.0.1:99999',
    '127.0.0.1:100000',
    '127.1:80',
    '010.0.0.1:80',
    '::1:8000',
    '[::1]',
    '[127.0.0.1]:80',
    '[]:80',
    '[fe80::1%eth0]:80',
    'http://127.0.0.1:80',
    '127.0.0.1:80 ',
    '*:80',
    null,
    {},
  ]
  for (const listen of bad) {
    try {
      parseListen(listen)
      t.fail(`accepted: ${JSON.stringify(listen)}`)
    } catch (error) {
      t.ok(error instanceof TypeError || error instanceof RangeError)
      t.ok((error as Error).message.startsWith(`option "listen": ${show(listen)} `), (error as Error).message)
    }
  }
})
