import type { Contender, Contenders } from '../../harness/contender.js'
import { encoderInThread } from '../../work/encode-in-thread.js'
import { fill, KINDS, type Kind } from '../../work/expositions.js'
import { filledRegistry } from '../../work/fill.js'
import { otelEncoding, otelNames } from '../../work/opentelemetry.js'
import { peers } from '../../work/peers.js'
import { READINGS } from './readings.js'

export const FORMATS = ['text', 'openmetrics', 'protobuf', 'json'] as const
type Format = (typeof FORMATS)[number]

/** A piece that stays in the cache. */
const SLOT = 1 << 20
const PREFIX = 'kumomta_'

export const own = (kind: Kind, format: Format, prefix = '') =>
  `postmeter, ${kind} as ${format}${prefix === '' ? '' : ', with prefix'}`
export const prefixed = (kind: Kind) => own(kind, 'text', PREFIX)
export const copying = (kind: Kind) => `copying, ${kind}`
export const copyingBySlot = (kind: Kind) => `copying slot by slot, ${kind}`
export const reading = (name: string, kind: Kind) => `${name}, ${kind}`
export const ofPeer = (peer: string, kind: Kind) => `${peer}, ${kind}`

/** One call is one line of text, so that figures can be compared between kinds, formats and sizes. */
export const contenders: Contenders = Object.fromEntries(
  KINDS.flatMap((kind): [string, Contenders[string]][] => [
    ...FORMATS.map((format): [string, Contenders[string]] => [
      own(kind, format),
      size => encoding(kind, size, format, ''),
    ]),
    [prefixed(kind), size => encoding(kind, size, 'text', PREFIX)],
    ...Object.keys(READINGS).map((name): [string, Contenders[string]] => [
      reading(name, kind),
      async size => {
        const { registry, lines } = await filledRegistry(kind, size)
        return writer(lines, READINGS[name]!(registry))
      },
    ]),
    [copying(kind), size => copyingWhole(kind, size)],
    [copyingBySlot(kind), size => copyingSlots(kind, size)],
    ...Object.keys(peers).map((peer): [string, Contenders[string]] => [
      ofPeer(peer, kind),
      size => peerEncoding(peer, kind, size),
    ]),
    ...otelNames(kind).map((name, alone): [string, Contenders[string]] => [
      name,
      async size => {
        const { lines, encode } = await otelEncoding(kind, size, alone === 1)
        return writer(lines, encode)
      },
    ]),
  ]),
)

async function encoding(kind: Kind, size: number, format: Format, prefix: string): Promise<Contender> {
  const { registry, lines } = await filledRegistry(kind, size)
  return writer(lines, encoderInThread(registry, format, prefix))
}

async function copyingWhole(kind: Kind, size: number): Promise<Contender> {
  const { body, lines } = await bodyOf(kind, size)
  const target = Buffer.from(new SharedArrayBuffer(body.length))
  return writer(lines, () => body.copy(target))
}

async function copyingSlots(kind: Kind, size: number): Promise<Contender> {
  const { body, lines } = await bodyOf(kind, size)
  const slot = Buffer.from(new SharedArrayBuffer(SLOT))
  return writer(lines, () => {
    for (let at = 0; at < body.length; at += SLOT) body.copy(slot, 0, at, Math.min(at + SLOT, body.length))
    return body.length
  })
}

function peerEncoding(name: string, kind: Kind, size: number): Contender {
  const { Registry, Counter, Gauge, Histogram } = peers[name]!
  const registry = new Registry()
  const registers = [registry]
  const lines = fill(
    {
      counter: options => new Counter({ ...options, registers }),
      gauge: options => new Gauge({ ...options, registers }),
      histogram: options => new Histogram({ ...options, registers }),
    },
    kind,
    size,
  )
  return writer(lines, async () => (await registry.metrics()).length)
}

async function bodyOf(kind: Kind, size: number): Promise<{ body: Buffer; lines: number }> {
  const { registry, lines } = await filledRegistry(kind, size)
  const spans: Buffer[] = []
  encoderInThread(registry, 'text', '', span => spans.push(Buffer.from(span)))()
  await registry.close()
  return { body: Buffer.concat(spans), lines }
}

function writer(lines: number, encode: () => number | Promise<number>): Contender {
  let bytes = 0
  return {
    calls: lines,
    batch: () => {
      const wrote = encode()
      if (typeof wrote === 'number') {
        bytes = wrote
        return wrote
      }
      return wrote.then(count => {
        bytes = count
      })
    },
    bytes: () => bytes,
  }
}
