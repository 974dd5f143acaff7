import { complain, UsageError } from '../command-line.js'
import { type Mta, startMta } from './mta.js'
import { type Options, readOptions, usage } from './options.js'
import { describe, totals } from './report.js'

/**
 * `npm start`: a mail server in several threads, measured with postmeter. A program that forks this file hears
 * `{ type: 'ready', url, smtp }` over the channel, may print 'settle' and 'stop', and hears what the sink saw.
 */
async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return complain(error.message)
  }
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }

  const ending = whenToEnd()
  let mta: Mta
  try {
    mta = await startMta(options, ending.fail)
  } catch (error) {
    return explain(error as Error)
  }
  greet(mta, options)
  const stopReporting = report(mta, options.reportMs)
  answerParent(mta, ending.end)
  const timer = options.durationMs === undefined ? undefined : setTimeout(ending.end, options.durationMs)

  const failure = await ending.ended
  clearTimeout(timer)
  stopReporting()
  const last = totals(mta.registry)
  const words = await mta.stop()
  if (process.connected) {
    process.send!({ type: 'stopped', ...words })
    process.disconnect()
  }
  if (failure !== undefined) {
    process.stderr.write(`error: ${failure.stack ?? failure.message}\n`)
    return 1
  }
  say(
    last.queued === 0
      ? 'ended'
      : `ended; ${last.queued} messages in hand are gone: this sample keeps no spool`,
  )
  return 0
}

/** What comes first: a signal, the end of the time given, a parent's word, or a thread's death. */
function whenToEnd() {
  const { promise, resolve } = resolvers<Error | undefined>()
  const end = () => resolve(undefined)
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  return { ended: promise, end, fail: (error: Error) => resolve(error) }
}

function greet(mta: Mta, options: Options): void {
  const { traffic, rate, domains, defer, refuse, seed } = options
  say(`metrics at ${mta.url}, or: curl ${mta.url}`)
  say(`a live page at ${new URL('/dashboard', mta.url).href}, for a browser`)
  say(`${mta.transport}; Node ${process.version}`)
  say(`SMTP at ${mta.smtp.map(({ host, port }) => `${host}:${port}`).join(' and ')}, a thread each`)
  say(
    `${traffic ? `traffic of ${rate} messages a second to ${domains} domains` : 'no traffic'}; ` +
      `${percent(defer)} of recipients put off at first, ${percent(refuse)} refused; seed ${seed}`,
  )
  say('Ctrl-C ends it')
}

function percent(share: number): string {
  return `${+(100 * share).toFixed(2)}%`
}

/** Prints a line of what moved, every so often. */
function report(mta: Mta, everyMs: number): () => void {
  let before = totals(mta.registry)
  let then = performance.now()
  const timer = setInterval(() => {
    const after = totals(mta.registry)
    const now = performance.now()
    say(describe(before, after, (now - then) / 1000))
    before = after
    then = now
  }, everyMs)
  return () => clearInterval(timer)
}

function answerParent(mta: Mta, end: () => void): void {
  if (process.send === undefined) return
  process.on('message', async message => {
    if (message === 'settle') process.send!({ type: 'settled', sink: await mta.settled() })
    if (message === 'stop') end()
  })
  process.once('disconnect', end)
  process.send({ type: 'ready', url: mta.url, smtp: mta.smtp })
}

/** What options of push() are called here. */
const PUSH_OPTIONS: Readonly<Record<string, string>> = {
  url: 'push',
  protocol: 'push-protocol',
  version: 'push-version',
  every: 'push-every',
  labels: 'push-labels',
}

/** Reports what is wrong with an option under its name here. Returns 2 for a mistake, 1 for what the system refuses. */
function explain(error: Error): number {
  const option = /^option "(\w+)": /.exec(error.message)
  if (option !== null) {
    const name =
      PUSH_OPTIONS[option[1]!] ?? option[1]!.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
    const mistake = error instanceof TypeError || error instanceof RangeError
    return complain(`--${name} ${error.message.slice(option[0].length)}`, mistake ? 2 : 1)
  }
  if (error instanceof TypeError || error instanceof ReferenceError) throw error
  process.stderr.write(`error: ${error.message}\n`)
  return 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Promise.withResolvers, which Node 20 has not. */
function resolvers<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>(r => {
    resolve = r
  })
  return { promise, resolve }
}

process.exitCode = await main()
