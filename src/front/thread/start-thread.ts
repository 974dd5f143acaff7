import { Worker } from 'node:worker_threads'
import { plainError } from '../../common/errors.js'
import { ownFile } from '../../common/files.js'
import { threadFlags } from '../../common/thread-flags.js'
import { THREAD_LIMITS } from '../../memory/address-space.js'
import type { FrontData } from './protocol.js'

/** Starts the thread of a front. Throws if its file is gone, or the system starts no further thread. */
export function startThread(workerData: FrontData): Worker {
  const file = ownFile(new URL('./worker.js', import.meta.url))
  try {
    return new Worker(file, {
      name: 'postmeter-front',
      workerData,
      execArgv: threadFlags(),
      argv: [],
      resourceLimits: THREAD_LIMITS,
      env: frontEnvironment(),
    })
  } catch (error) {
    throw cannotStart(error)
  }
}

/** Node's own error is the name of a system's error, mostly EAGAIN, and not what it was about. */
function cannotStart(cause: unknown): Error {
  const why =
    `serve: the front's thread cannot start: ${(cause as Error).message}; ` +
    'the process may be at a limit of threads (ulimit -u, or pids.max of its control group), or may start none'
  return plainError('ERR_POSTMETER_FRONT', why, { cause })
}

/** The program's environment without the variables that would change how the thread runs. */
function frontEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, UWS_USE_FALLBACK: _fallback, ...rest } = process.env
  return rest
}
