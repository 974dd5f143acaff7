/** What went wrong, or was noticed, while the program ran. Nothing is thrown for it. */
export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error'
  /** A stable name to act on, for example `memory-full`. */
  readonly code: string
  readonly message: string
}

export type Log = (event: LogEvent) => void

/** Where events go unless the program set a hook: Node's own warnings. Level info is not shown. */
export function defaultLog(event: LogEvent): void {
  if (event.level === 'info') return
  process.emitWarning(event.message, {
    type: 'PostmeterWarning',
    code: event.code,
  })
}

/**
 * Calls a hook that the program gave; what it throws must not reach the code that had something to say, and what it
 * rejects with, where it is an async function, must not end the process.
 */
export function logEvent(log: Log, event: LogEvent): void {
  try {
    const said: unknown = log(event)
    // Whatever can be awaited: a Promise may be of another realm, where this class is another.
    if (typeof said === 'object' && said !== null) Promise.resolve(said).catch(() => defaultLog(event))
  } catch {
    defaultLog(event)
  }
}
