import { execFile } from 'node:child_process'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { UsageError } from '../../scripts/command-line.js'
import { readOptions } from '../../scripts/mta/options.js'

const main = fileURLToPath(new URL('../../scripts/mta/main.js', import.meta.url))

function run(...args: string[]): Promise<{ code: number | string | null; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [main, ...args], { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : (error.code ?? null),
        stdout,
        stderr,
      })
    })
  })
}

function mistakeIn(args: string[]): Error | undefined {
  try {
    readOptions(args)
    return undefined
  } catch (error) {
    return error as Error
  }
}

t.test('without options', async t => {
  const options = readOptions([])!
  t.match(options, {
    rate: 200,
    workers: 2,
    listen: '127.0.0.1:8000',
    traffic: true,
    smtpHost: '127.0.0.1',
    smtpPort: 0,
  })
  t.equal(options.trustedHosts, undefined)
  t.equal(options.durationMs, undefined)
  t.equal(options.maxSeries, undefined)
  t.equal(options.unplumbed, false)
  t.not(options.seed, readOptions([])!.seed, 'chance begins elsewhere each time')
})

t.test('with options', async t => {
  const line =
    '--rate 0.5e3 --workers 3 --listen [::1]:0 --trusted-hosts 127.0.0.1,10.0.0.0/8 --smtp 127.0.0.2:2525 ' +
    '--no-traffic --domains 10 --defer 0.5 --refuse 0.5 --retry 0.1 --max-attempts 2 --seed 4 --duration 1.5 --max-series 100 --unplumbed'
  t.match(readOptions(line.split(' '))!, {
    rate: 500,
    workers: 3,
    listen: '[::1]:0',
    trustedHosts: ['127.0.0.1', '10.0.0.0/8'],
    smtpHost: '127.0.0.2',
    smtpPort: 2525,
    traffic: false,
    domains: 10,
    defer: 0.5,
    refuse: 0.5,
    retryMs: 100,
    maxAttempts: 2,
    maxSeries: 100,
    unplumbed: true,
    seed: 4,
    durationMs: 1500,
  })
  t.equal(readOptions(['--help', '--rate', 'x']), undefined, 'help is given whatever else there is')
})

t.test('where to push', async t => {
  t.equal(readOptions([])!.push, undefined)
  t.match(readOptions(['--push', 'http://127.0.0.1:9090/api/v1/write'])!.push, {
    ...{
      url: 'http://127.0.0.1:9090/api/v1/write',
      protocol: 'remote-write',
      version: '1.0',
      everyMs: 15_000,
    },
    labels: { job: 'mail', instance: hostname() },
  })
  const line =
    '--push http://127.0.0.1/ --push-protocol otlp --push-every 2.5 --push-labels job=mx,instance=a=b'
  t.match(readOptions(line.split(' '))!.push, {
    ...{ protocol: 'otlp', everyMs: 2500, labels: { job: 'mx', instance: 'a=b' } },
  })
  const bad = await run('--listen', '127.0.0.1:0', '--no-traffic', '--push', 'ftp://127.0.0.1/')
  t.equal(bad.code, 2, 'what only the library can judge')
  t.match(bad.stderr, /^error: --push "ftp:/)
})

t.test('mistakes are reported with the option and the value', async t => {
  const mistakes: [string[], RegExp][] = [
    [['--push-every', '2'], /--push-every "2" needs --push/],
    [['--push', 'http://a', '--push-every', '0.5'], /--push-every "0.5" is not a number from 1 to/],
    [['--push', 'http://a', '--push-protocol', 'smtp'], /--push-protocol "smtp" is neither/],
    [['--push', 'http://a', '--push-version', '3'], /--push-version "3" is neither/],
    [['--push', 'http://a', '--push-labels', 'job'], /--push-labels "job" is not NAME=VALUE/],
    [['--rate', 'fast'], /--rate "fast" is not a number from 1 to/],
    [['--rate', '0'], /--rate "0"/],
    [['--rate='], /--rate ""/],
    [['--rate', 'Infinity'], /--rate "Infinity"/],
    [['--workers', '0'], /--workers "0" is not a whole number from 1 to 64/],
    [['--workers', '1.5'], /--workers "1.5"/],
    [['--domains', 'many'], /--domains "many"/],
    [['--listen', '8000'], /--listen "8000" is not HOST:PORT/],
    [['--listen', '127.0.0.1:70000'], /--listen "127.0.0.1:70000"/],
    [['--smtp', '0.0.0.0:25'], /--smtp "0.0.0.0:25" is not on loopback/],
    [['--smtp', '127.0.0.1:65535'], /--smtp "127.0.0.1:65535" leaves no ports for 2 workers/],
    [['--defer', '0.7', '--refuse', '0.6'], /--refuse "0.6" and --defer 0.7 are more than 1/],
    [['--seed', '-1'], /--seed/],
    [['--max-series', '0'], /--max-series "0" is not a whole number from 1 to/],
    [['--duration', '0'], /--duration "0"/],
    [['--wrokers', '2'], /--wrokers/],
    [['stray'], /stray/],
    [['--rate'], /--rate/],
    [['--no-traffic=yes'], /--no-traffic/],
  ]
  for (const [args, message] of mistakes) {
    const mistake = mistakeIn(args)
    t.ok(mistake instanceof UsageError, args.join(' '))
    t.match(mistake?.message, message)
  }
})

t.test('the program ends with 2 on a mistake, 0 on --help', async t => {
  const bad = await run('--workers', 'two')
  t.equal(bad.code, 2)
  t.match(bad.stderr, /^error: --workers "two" is not a whole number/)
  t.equal(bad.stdout, '')

  const untrusted = await run('--listen', '127.0.0.1:0', '--trusted-hosts', '10.0.0.0/8,nonsense')
  t.equal(untrusted.code, 2, 'what only the library can judge')
  t.match(untrusted.stderr, /^error: --trusted-hosts "nonsense"/)

  const help = await run('--help')
  t.equal(help.code, 0)
  for (const option of [
    'rate',
    'workers',
    'listen',
    'trusted-hosts',
    'no-traffic',
    'domains',
    'seed',
    'duration',
  ]) {
    t.match(help.stdout, `--${option}`)
  }
  t.equal(help.stderr, '')
})
