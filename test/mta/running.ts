import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Test } from 'tap'
import type { SinkTally } from '../../scripts/mta/sink.js'

const main = fileURLToPath(new URL('../../scripts/mta/main.js', import.meta.url))

export interface Place {
  readonly host: string
  readonly port: number
}

/** A sample MTA in a process of its own, which is killed after the test if it still runs. */
export class RunningMta {
  readonly child: ChildProcess
  readonly url: string
  readonly smtp: readonly Place[]
  readonly said: string[]
  readonly exited: Promise<unknown[]>

  static async start(t: Test, ...args: string[]): Promise<RunningMta> {
    const child = fork(main, ['--listen', '127.0.0.1:0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const said: string[] = []
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', part => said.push(part))
    }
    const exited = once(child, 'exit')
    t.teardown(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
      if (!t.passing()) t.comment(said.join(''))
    })
    const ready = await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => {
        throw new Error(`it ended (${code}) before it was ready:\n${said.join('')}`)
      }),
    ])
    return new RunningMta(child, said, exited, ready[0])
  }

  private constructor(
    child: ChildProcess,
    said: string[],
    exited: Promise<unknown[]>,
    ready: { url: string; smtp: Place[] },
  ) {
    this.child = child
    this.said = said
    this.exited = exited
    this.url = ready.url
    this.smtp = ready.smtp
  }

  /** Resolves once no message is in hand, with what the sink saw. */
  async settled(): Promise<SinkTally> {
    const answer = this.next('settled')
    this.child.send('settle')
    return (await answer).sink as SinkTally
  }

  /** The next word of this type. */
  next(type: string): Promise<Record<string, unknown>> {
    return new Promise(resolve => {
      const hear = (message: { type: string }) => {
        if (message.type !== type) return
        this.child.off('message', hear)
        resolve(message)
      }
      this.child.on('message', hear)
    })
  }

  /** What /metrics exposes now. */
  async scrape(): Promise<Exposition> {
    const response = await fetch(this.url)
    if (response.status !== 200) throw new Error(`${this.url}: ${response.status}`)
    return new Exposition(await response.text())
  }
}

/** A text exposition, to be asked for samples. Knows labels without escapes only, as this MTA's are. */
export class Exposition {
  readonly #samples = new Map<string, [Record<string, string>, number][]>()

  constructor(text: string) {
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const match = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line)
      if (match === null) throw new Error(`not a sample: ${line}`)
      const labels = Object.fromEntries(
        [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
      )
      const samples = this.#samples.get(match[1]!) ?? []
      samples.push([labels, Number(match[3])])
      this.#samples.set(match[1]!, samples)
    }
  }

  /** The sample with exactly these labels. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const wanted = JSON.stringify(Object.entries(labels).sort())
    const of = this.#samples.get(name)?.filter(([l]) => JSON.stringify(Object.entries(l).sort()) === wanted)
    if (of !== undefined && of.length > 1) throw new Error(`${name} ${wanted} is exposed ${of.length} times`)
    return of?.[0]?.[1]
  }

  /** All samples of a name whose labels say yes, added up. */
  sum(name: string, yes: (labels: Record<string, string>) => boolean = () => true): number {
    return (this.#samples.get(name) ?? []).reduce(
      (sum, [labels, value]) => sum + (yes(labels) ? value : 0),
      0,
    )
  }
}

/** Sends messages one after the other over one connection, and counts the recipients that were accepted. */
export async function sendAll(
  place: Place,
  mails: readonly { to: readonly string[]; headers?: string; bytes?: number }[],
): Promise<{ accepted: number; rejected: number; transactions: number }> {
  const connection = new SMTPConnection({
    ...place,
    name: 'client.test',
    ignoreTLS: true,
    logger: false,
  })
  const tally = { accepted: 0, rejected: 0, transactions: 0 }
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject)
    connection.connect(error => (error ? reject(error) : resolve()))
  })
  for (const { to, headers = '', bytes = 100 } of mails) {
    const data = `Subject: test\r\n${headers}\r\n${'x'
      .repeat(70)
      .concat('\r\n')
      .repeat(Math.ceil(bytes / 72))}`
    await new Promise<void>((resolve, reject) => {
      connection.send({ from: 'me@client.test', to: [...to] }, data, (error, info) => {
        if (error && error.responseCode === undefined) {
          reject(error)
          return
        }
        tally.accepted += info?.accepted.length ?? 0
        tally.rejected += info?.rejected.length ?? to.length
        if (!error) tally.transactions++
        if (error) connection.reset(failed => (failed ? reject(failed) : resolve()))
        else resolve()
      })
    })
  }
  const ended = once(connection, 'end')
  connection.quit()
  await ended
  return tally
}

/** Opens a TCP connection; rejects if nothing listens there. */
export async function open(place: Place): Promise<Socket> {
  const socket = connect(place.port, place.host)
  await once(socket, 'connect')
  return socket
}
