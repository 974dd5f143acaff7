import type { Worker } from 'node:worker_threads'
import type { Shape } from './shape.js'

/** One way for four threads to record and for one endpoint to expose it. Each is a module of this folder. */
export interface Library {
  /** In the main thread, before there are producers. */
  open(shape: Shape): Endpoint | Promise<Endpoint>
  /** In a producer. */
  recorder(thread: number, shape: Shape): Recorder | Promise<Recorder>
}

export interface Endpoint {
  /** Called with each producer as it is started. */
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

/** By the name in the table; the modules are loaded only in the process that is about them. */
export const libraries = {
  postmeter: './postmeter.js',
  'prom-client': './prom-client.js',
  '@prometheus-io/client': './prometheus-io.js',
  '@opentelemetry': './opentelemetry.js',
  'shared array': './shared-array.js',
} as const

export type LibraryName = keyof typeof libraries

export const load = (name: LibraryName) => import(libraries[name]) as Promise<Library>
