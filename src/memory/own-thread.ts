/** Threads of the library's own that are no pool's: the front's, and a push's. */
import { Worker } from 'node:worker_threads'
import { type ErrorCode, plainError } from '../common/errors.js'
import { ownFile } from '../common/files.js'
import { threadFlags } from '../common/thread-flags.js'
import { THREAD_LIMITS } from './address-space.js'

export interface OwnThread {
  /** The call that needs it, for error messages, and what the thread is. */
  readonly call: string
  readonly what: string
  readonly code: ErrorCode
  readonly name: string
  /** A file of the package. */
  readonly file: URL
  readonly data: unknown
}

/** Starts one. @throws if its file is gone, or the system starts no further thread. */
export function startOwnThread({ call, what, code, name, file, data }: OwnThread): Worker {
  const path = ownFile(file)
  try {
    return new Worker(path, {
      name,
      workerData: data,
      execArgv: threadFlags(),
      argv: [],
      resourceLimits: THREAD_LIMITS,
      env: ownEnvironment(),
    })
  } catch (cause) {
    // Node's own error is the name of a system's error, mostly EAGAIN, and not what it was about.
    const why =
      `${call}: ${what} cannot start: ${(cause as Error).message}; ` +
      'the process may be at a limit of threads (ulimit -u, or pids.max of its control group), or may start none'
    throw plainError(code, why, { cause })
  }
}

/** The program's environment without the variables that would change how the thread runs. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, UWS_USE_FALLBACK: _fallback, ...rest } = process.env
  return rest
}
