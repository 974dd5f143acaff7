/** The thread of a push: it needs no event loop of the program. */
import { parentPort, workerData } from 'node:worker_threads'
import { thrown } from '../../common/errors.js'
import type { LogEvent } from '../../common/log.js'
import { PushSource } from '../../exposition/push-source.js'
import type { PushFormat } from '../../exposition/types.js'
import { Sender } from '../delivery/sender.js'
import { realTools } from '../delivery/tools.js'
import { addedText, type PushSettings } from '../options/options.js'
import type { Protocol } from '../protocols/body.js'
import { otlp } from '../protocols/otlp.js'
import { PushgatewayProtocol } from '../protocols/pushgateway.js'
import { remoteWrite } from '../protocols/remote-write.js'
import { SpanProtocol } from '../protocols/spans.js'
import { LabelClashes } from './clashes.js'
import type { FromPush, PushData, ToPush } from './protocol.js'
import { Rounds } from './rounds.js'
import { Schedule } from './schedule.js'
import { type PushRecorder, recorderFor } from './self-metrics.js'

const { handle, settings, inOrder, told } = workerData as PushData
const port = parentPort!
const send = (message: FromPush) => port.postMessage(message)
const log = (event: LogEvent) => send({ type: 'log', event })

process.on('uncaughtException', error => {
  send({ type: 'failed', why: (error instanceof Error && error.stack) || thrown(error) })
  process.exit(1)
})

const tools = realTools(log)
const sender = new Sender(settings.delivery, tools)
const source = new PushSource(handle, sourceOptions(settings), log, inOrder, told)
const recorder = recorderOf(settings)
const { labels, sweepEvery } = JSON.parse(handle.options) as { labels?: object; sweepEvery: number }
const clashes = new LabelClashes(settings, Object.keys(labels ?? {}), log)
const rounds = new Rounds({
  protocol: protocolOf(settings),
  sender,
  recorder,
  log,
  goneAgain: runs => source.goneAgain(runs),
})
const schedule = new Schedule({
  every: settings.every,
  // Between two sweeps, as a place that is freed has no labels any more.
  lookEvery: Math.max(500, Math.min(settings.every, sweepEvery * 0.7)),
  timeout: settings.delivery.timeout,
  withdraw: settings.withdraw,
  tools,
  push(allowed) {
    lookForClashes()
    return rounds.push(allowed)
  },
  look: allowed => rounds.tellGone(allowed),
  withdrawAll: allowed => rounds.withdraw(allowed),
})

port.on('message', (message: ToPush) => {
  if (message.type === 'push') {
    const { number } = message
    void schedule.pushNow().then(whole => send({ type: 'pushed', number, whole }))
  } else void close()
})
schedule.start()
send({ type: 'begun', told: source.told })

/** Damaged memory is the round's to say. */
function lookForClashes(): void {
  try {
    const clashing = clashes.look(source.families())
    recorder?.clashes(clashing)
  } catch {}
}

async function close(): Promise<void> {
  await schedule.end()
  sender.close()
  process.exit(0)
}

function sourceOptions({ protocol, version, prefix, selfMetrics, labels }: PushSettings) {
  const formats: Record<PushSettings['protocol'], PushFormat | 'text'> = {
    'remote-write': version === '2.0' ? 'remote-write-2' : 'remote-write',
    otlp: 'otlp',
    pushgateway: 'text',
  }
  // The others have them in front of all series, or in the path.
  const added = Buffer.from(protocol === 'remote-write' ? addedText(labels) : '')
  return { format: formats[protocol], prefix, selfMetrics, added, compressed: protocol === 'otlp' }
}

function protocolOf({ protocol, version, method, labels }: PushSettings): Protocol {
  if (protocol === 'pushgateway') return new PushgatewayProtocol(source, method, labels)
  return new SpanProtocol(source, protocol === 'otlp' ? otlp(labels) : remoteWrite(version))
}

/** Counting must not keep a push from being made: the program's default labels can collide with those of its metrics. */
function recorderOf({ selfMetrics, name }: PushSettings): PushRecorder | undefined {
  if (!selfMetrics) return undefined
  try {
    return recorderFor(handle, name)
  } catch (error) {
    const message = `push: it does not count what it does: ${(error as Error).message}`
    log({ level: 'warn', code: 'push-uncounted', message })
    return undefined
  }
}
