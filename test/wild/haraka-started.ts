/** haraka-plugin-postmeter in Haraka, configured and started. */
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { packHarakaPlugin } from '../../scripts/haraka-plugin.js'
import { repository } from '../package/consumer.js'
import { makePair } from '../support/certificates.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { until } from '../support/until.js'
import { type Home, installHaraka, workersGroup, writeSmtpIni } from './haraka-home.js'
import { Program } from './program.js'
import { sampleOf } from './samples.js'

const run = promisify(execFile)
export const LOGIN = { user: 'sender', pass: 'secret' }

/** Haraka with this package installed from its tarball, a certificate, and a user who may log in. */
export async function installPlugin(t: Test, modules: string, plugins: readonly string[]): Promise<Home> {
  const home = await installHaraka(t, modules, plugins)
  const { folder } = home
  // Without a line for each command.
  await writeFile(join(folder, 'config/log.ini'), '[main]\nlevel=notice\n')
  const tarball = await packHarakaPlugin(
    folder,
    JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')),
  )
  const plugin = join(folder, 'node_modules/haraka-plugin-postmeter')
  await mkdir(plugin)
  await run('tar', ['-xzf', tarball, '-C', plugin, '--strip-components=1'])
  const { cert, key } = makePair(t, 'here.example')
  await copyFile(cert, join(folder, 'config/tls_cert.pem'))
  await copyFile(key, join(folder, 'config/tls_key.pem'))
  await chmod(join(folder, 'config/tls_key.pem'), 0o644)
  // Without it Haraka has openssl make one, which is a child of its for minutes.
  await run('openssl', ['dhparam', '-dsaparam', '-out', join(folder, 'config/dhparams.pem'), '2048'])
  const users = `[core]\nmethods=PLAIN\n[users]\n${LOGIN.user}=${LOGIN.pass}\n`
  await writeFile(join(folder, 'config/auth_flat_file.ini'), users)
  return home
}

/** Haraka with an ini of the plugin's, and its endpoint. */
export class Haraka {
  readonly #home: Home
  readonly port: number
  readonly #metrics: number
  readonly env: NodeJS.ProcessEnv

  private constructor(home: Home, port: number, metrics: number, sink: number) {
    this.#home = home
    this.port = port
    this.#metrics = metrics
    const { TAP: _tap, ...environment } = process.env
    this.env = { ...environment, SINK_PORT: `${sink}` }
  }

  static async configured(home: Home, sink: number, ini: string[], ...smtp: string[]): Promise<Haraka> {
    const haraka = new Haraka(home, await freePort(), await freePort(), sink)
    await writeSmtpIni(home, haraka.port, ...smtp)
    await haraka.set(...ini)
    const queue = join(home.folder, 'queue')
    await rm(queue, { recursive: true, force: true })
    await mkdir(queue)
    const group = workersGroup()
    if (group !== undefined) await run('chown', [`nobody:${group}`, queue])
    return haraka
  }

  /** Writes postmeter.ini. Its first two lines are the address. */
  set(...lines: string[]): Promise<void> {
    return this.write('[main]', `listen=127.0.0.1:${this.#metrics}`, ...lines)
  }

  /** Writes a postmeter.ini of these lines. */
  async write(...lines: string[]): Promise<void> {
    await writeFile(join(this.#home.folder, 'config/postmeter.ini'), `${lines.join('\n')}\n`)
  }

  command(...args: string[]): string[] {
    return [this.#home.haraka, '-c', this.#home.folder, ...args]
  }

  start(t: Test): Program {
    return new Program(t, process.execPath, this.command(), { cwd: this.#home.folder, env: this.env })
  }

  scrape(): Promise<string> {
    return getBody(`http://127.0.0.1:${this.#metrics}/metrics`)
  }

  /** Waits until the endpoint has all of these. */
  async has(t: Test, what: string, samples: Readonly<Record<string, number>>): Promise<void> {
    let text = ''
    const found = () =>
      Object.fromEntries(Object.keys(samples).map(series => [series, sampleOf(text, series)]))
    await until(what, async () => {
      text = await this.scrape()
      return JSON.stringify(found()) === JSON.stringify(samples)
    }).catch(error => t.comment(error.message))
    t.strictSame(found(), samples, what)
  }
}
