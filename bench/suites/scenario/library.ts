import type { Worker } from 'node:worker_threads'
import type { Form } from '../../harness/member.js'
import type { Shape } from './shape.js'

/** One way for four threads, or processes, to record and for one endpoint to expose it. Each is a module of this folder. */
export interface Library {
  /** In the main thread, before there are producers. */
  open(shape: Shape): Endpoint | Promise<Endpoint>
  /** In a producer. */
  recorder(thread: number, shape: Shape, given: unknown): Recorder | Promise<Recorder>
}

export interface Endpoint {
  /** Handed to each recorder. */
  readonly gives?: unknown
  /** Called with each producer that is a thread, as it is started. */
  watch?(worker: Worker): void
  /** Starts to serve: the address to scrape. */
  listen(): Promise<string>
}

export interface Held {
  inc(): void
}

/** What a producer records by. Children are held, as each of the libraries advises where it has them. */
export interface Recorder {
  /** The series is exposed from here on, at 0. */
  queue(id: number, name: string): Held
  /** Takes it out, where the library can. */
  remove(name: string): void
  service(at: number, name: string): Held
  seconds(at: number, name: string): { observe(value: number): void }
  /** Called when a few messages have been recorded. */
  flush?(): void
}

/** By the name in the table; the modules are loaded only in the processes that are about them. */
export const libraries = {
  threads: {
    postmeter: './postmeter.js',
    'prom-client': './prom-client.js',
    '@prometheus-io/client': './prometheus-io.js',
    '@opentelemetry': './opentelemetry.js',
    'shared array': './shared-array.js',
  },
  processes: {
    postmeter: './postmeter.js',
    'prom-client': './prom-client-cluster.js',
    '@prometheus-io/client': './prometheus-io-cluster.js',
    'shared array': './shared-array.js',
  },
} as const

export type LibraryName = keyof (typeof libraries)['threads']

export const namesOf = (form: Form) => Object.keys(libraries[form]) as LibraryName[]

export function load(name: LibraryName, form: Form): Promise<Library> {
  const modules: Readonly<Partial<Record<LibraryName, string>>> = libraries[form]
  return import(modules[name]!)
}
