/** What a thread logs of limits and of what was left out: once for each family and reason. */
import { DROP_REASONS, type DropReason } from '../catalogue/drops.js'
import type { Identity } from '../catalogue/families.js'
import { thrown } from '../common/errors.js'
import { type Log, logEvent } from '../common/log.js'
import { DROP_CLOSED, DROP_CONFLICT, DROP_MEMORY, DROP_VALUE } from '../memory/layout.js'

const WHY: Record<DropReason, string> = {
  memory: 'memory is full (option "memory" of createRegistry)',
  series: 'there are as many series as allowed (option "maxSeries")',
  label: 'a label value is too long (option "maxLabelLength" of createRegistry)',
  threads: 'more threads record than allowed (option "maxThreads" of createRegistry)',
  closed: 'the registry was closed in this thread; what it records in other metrics is dropped too',
  conflict: 'another process has registered the name for another metric',
  value: 'what it was given cannot be recorded (option "onBadValue" of createRegistry)',
}

export class Notices {
  readonly #logged = new Set<string>()
  #damaged = false
  /** The hook that gets the events. */
  log: Log

  constructor(log: Log) {
    this.log = log
  }

  /** Logs, once for each family and reason, that updates are dropped; after close(), once for all families. */
  refused(family: Identity, reason: number, why = () => this.#why(reason)): void {
    const key = reason === DROP_CLOSED ? 'closed' : `${family.name} ${reason}`
    this.#once(key, `dropped-${DROP_REASONS[reason]}`, () => {
      return `metric "${family.name}": updates are dropped and counted: ${why()}`
    })
  }

  #why(reason: number): string {
    if (this.#damaged && reason === DROP_MEMORY) return 'memory is damaged, or full'
    return WHY[DROP_REASONS[reason]]
  }

  /** As refused(), for a metric whose name another process has for another one. */
  conflict(family: Identity, { message }: Error): void {
    this.refused(family, DROP_CONFLICT, () => `another process runs with other metrics: ${message}`)
  }

  /** As refused(), for data that cannot be recorded, with what it was the first time. */
  badValue(family: Identity, mistake: () => Error): void {
    this.refused(family, DROP_VALUE, () => `${WHY.value}: ${mistake().message}`)
  }

  /** Logs, once for each family, that an exemplar was left out. */
  leftOut({ name }: Identity, why: string): void {
    this.#once(`${name} exemplar`, 'exemplar-left-out', () => {
      return `metric "${name}": an exemplar is left out of what was counted: ${why}`
    })
  }

  /** Logs, once, that this thread should sweep and cannot. */
  cannotSweep(error: unknown): void {
    this.#once('sweep', 'sweep-failed', () => {
      return `the sweeper for idle series cannot be loaded; it is tried again: ${thrown(error)}`
    })
  }

  /** Logs, once for each kind of damage, that what is recorded cannot be read. */
  damaged(name: string, { message }: Error): void {
    this.#damaged = true
    this.#once(message, 'memory-damaged', () => {
      return `registry "${name}": ${message}: a process that shares it has written where it must not; end all of them, and remove the file`
    })
  }

  /** Logs that processes which start from now on do not meet this one any more. */
  fileLost(name: string, path: string, how: 'removed' | 'replaced'): void {
    const message = `registry "${name}": ${path} was ${how}: processes that start from now on record elsewhere, and a front in one of them does not see what this one records`
    logEvent(this.log, { level: 'warn', code: 'file-lost', message })
  }

  /** Logs that series were not reset. */
  notReset({ name }: Identity, kept: number): void {
    const why = 'memory is full (option "memory" of createRegistry)'
    const message = `metric "${name}": reset(): ${kept} series keep their counts: ${why}`
    logEvent(this.log, { level: 'warn', code: 'reset-memory', message })
  }

  #once(key: string, code: string, message: () => string): void {
    if (this.#logged.has(key)) return
    this.#logged.add(key)
    logEvent(this.log, { level: 'warn', code, message: message() })
  }
}
