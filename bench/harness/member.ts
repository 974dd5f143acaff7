import cluster from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parentPort, Worker, workerData } from 'node:worker_threads'

/** What records beside a program's main thread: Workers, or processes of its cluster. */
export type Form = 'threads' | 'processes'

/** One of these, as the program sees it. An error in it, or an end that is none of its own, ends the program. */
export interface Member {
  /** Of a thread. */
  readonly worker?: Worker
  /** Of a process. */
  readonly pid?: number
  tell(message: string): void
  /** Resolves when it says so, from now on. */
  says(what: string): Promise<void>
  /** The next thing that it says. */
  heard(): Promise<string>
  /** Ends it, whatever it does. */
  kill(): Promise<void>
}

/** Starts a module as one. `data` of a process must be what JSON can say. */
export function startMember(form: Form, module: URL, data: object): Member {
  return form === 'threads' ? startThread(module, data) : startProcess(module, data)
}

function startThread(module: URL, data: object): Member {
  const worker = new Worker(module, { workerData: data })
  worker.on('error', error => {
    throw error
  })
  return {
    worker,
    tell: message => worker.postMessage(message),
    says: what => said(worker, what),
    heard: async () => (await once(worker, 'message'))[0],
    kill: async () => {
      const exit = once(worker, 'exit')
      await worker.terminate()
      await exit
    },
  }
}

/** Messages are JSON, as they are by default: some libraries send their series so. */
function startProcess(module: URL, data: object): Member {
  cluster.setupPrimary({ exec: fileURLToPath(module), args: [JSON.stringify(data)] })
  const worker = cluster.fork()
  const unexpected = (code: number | null, signal: string | null) => {
    throw new Error(`${fileURLToPath(module)}: ended (${code ?? signal})`)
  }
  worker.on('exit', unexpected)
  return {
    pid: worker.process.pid!,
    tell: message => worker.send(message),
    says: what => said(worker, what),
    heard: async () => (await once(worker, 'message'))[0],
    kill: async () => {
      worker.off('exit', unexpected)
      const exit = once(worker, 'exit')
      worker.process.kill('SIGKILL')
      await exit
    },
  }
}

function said(
  member: { on(event: 'message', listener: (message: unknown) => void): unknown },
  what: string,
): Promise<void> {
  return new Promise(resolve => {
    member.on('message', message => {
      if (message === what) resolve()
    })
  })
}

/** The member's side. It lives until it is killed. */
export interface Membership<D> {
  readonly data: D
  /** Resolves when it is on its way, whatever becomes of this thread. */
  tell(message: string): Promise<void>
  listen(listener: (message: unknown) => void): void
}

export function membership<D>(): Membership<D> {
  const port = parentPort
  if (port !== null)
    return {
      data: workerData,
      tell: async message => port.postMessage(message),
      listen: listener => port.on('message', listener),
    }
  if (!cluster.isWorker) throw new Error('started as neither a Worker nor a process of a cluster')
  return {
    data: JSON.parse(process.argv[2]!),
    tell: message =>
      new Promise((resolve, reject) =>
        process.send!(message, undefined, undefined, error => (error === null ? resolve() : reject(error))),
      ),
    listen: listener => process.on('message', listener),
  }
}
