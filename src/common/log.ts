/** Something that went wrong, or that the program should know, while it ran. Nothing is thrown for it. */
export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error'
  /** A stable name that a program can act on, for example `memory-full`. */
  readonly code: string
  readonly message: string
}

export type Log = (event: LogEvent) => void

/** Where events go unless the program set a hook: to Node's own warnings. Events of level info are not shown. */
export function defaultLog(event: LogEvent): void {
  if (event.level === 'info') return
  process.emitWarning(event.message, {
    type: 'PostmeterWarning',
    code: event.code,
  })
}

/**
 * Calls the program's hook. What the hook throws must not reach the code that logs. What it rejects with, if it is an
 * async function, must not end the process.
 */
export function logEvent(log: Log, event: LogEvent): void {
  try {
    const said: unknown = log(event)
    // Not `instanceof Promise`: a Promise of another realm is of another class.
    if (typeof said === 'object' && said !== null) Promise.resolve(said).catch(() => defaultLog(event))
  } catch {
    defaultLog(event)
  }
}
