/** What a PushSource hands out, span by span, copied off its slot. */
import type { GoneSpans } from '../../../src/exposition/gone-spans.js'
import { PushSource, type SourceOptions } from '../../../src/exposition/push-source.js'
import type { GoneRun } from '../../../src/exposition/pushed-series.js'
import { BUSY, type SpanWalk } from '../../../src/exposition/span-walk.js'
import type { PushFormat } from '../../../src/exposition/types.js'
import type { LogEvent } from '../../../src/index.js'
import type { RegistryHandle } from '../../../src/memory/handle.js'

export const PUSH_FORMATS: readonly PushFormat[] = ['remote-write', 'remote-write-2', 'otlp']

/** A source in this thread, and what it says. */
export function sourceOf(handle: RegistryHandle, format: PushFormat, options: Partial<SourceOptions> = {}) {
  const events: LogEvent[] = []
  const all = {
    format,
    prefix: '',
    selfMetrics: false,
    added: new Uint8Array(),
    compressed: false,
    ...options,
  }
  const source = new PushSource(handle, all, event => events.push(event), false)
  return { source, events }
}

export function allSpans(walk: SpanWalk): Uint8Array[] {
  const spans: Uint8Array[] = []
  for (;;) {
    const span = walk.next(({ bytes }) => Uint8Array.from(bytes))
    if (span === BUSY) throw new Error('all slots are in use')
    if (span === undefined) return spans
    spans.push(span)
  }
}

export interface GoneSpan {
  readonly bytes: Uint8Array
  readonly runs: readonly GoneRun[]
}

export function allGone(walk: GoneSpans): GoneSpan[] {
  const spans: GoneSpan[] = []
  for (;;) {
    const span = walk.next(({ bytes, runs = [] }) => ({ bytes: Uint8Array.from(bytes), runs: [...runs] }))
    if (span === BUSY) throw new Error('all slots are in use')
    if (span === undefined) return spans
    spans.push(span)
  }
}

/** Labels as exposition text. */
export function addedText(labels: Readonly<Record<string, string>>): Uint8Array {
  const escaped = (value: string) =>
    value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
  return Buffer.from(
    Object.entries(labels)
      .map(([name, value]) => `${name}="${escaped(value)}"`)
      .join(','),
  )
}
