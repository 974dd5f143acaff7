import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

interface DaemonOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly ready?: (url: string) => Promise<boolean>
}

async function isReady(url: string): Promise<boolean> {
  return (await fetch(`${url}/-/ready`)).ok
}

/** A server that others wrote, on loopback, with a folder of its own; ended and its folder removed after the test. */
export class Daemon {
  readonly name: string
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly #said: () => string

  private constructor(name: string, url: string, said: () => string) {
    this.name = name
    this.url = url
    this.#said = said
  }

  /**
   * `args` of the address to listen on and the folder; `prepare` writes what the program needs there. `ready` asks it,
   * and is true when it answers as it should.
   */
  static async start(
    t: Test,
    program: string,
    args: (address: string, folder: string) => readonly string[],
    prepare: (folder: string) => Promise<void> = async () => {},
    { env = process.env, ready = isReady }: DaemonOptions = {},
  ): Promise<Daemon> {
    const name = program.slice(program.lastIndexOf('/') + 1)
    const folder = await mkdtemp(join(tmpdir(), `postmeter-${name}-`))
    await prepare(folder)
    const address = `127.0.0.1:${await freePort()}`
    const child = spawn(program, args(address, folder), { stdio: ['ignore', 'ignore', 'pipe'], env })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', part => {
      said += part
    })
    const exited = once(child, 'exit')
    t.teardown(async () => {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    })
    const daemon = new Daemon(name, `http://${address}`, () => said.slice(-4000))
    await daemon.until('it is ready', async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${said}`)
      return (await ready(daemon.url).catch(() => false)) || undefined
    })
    return daemon
  }

  /** Asks until there is an answer, at most 30 s if no other time is given; it has no event to wait for. */
  async until<T>(what: string, ask: () => Promise<T | undefined>, most = 30_000): Promise<T> {
    const limit = performance.now() + most
    for (;;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      if (performance.now() > limit) {
        throw new Error(`${this.name}: not within ${most / 1000} s: ${what}\n${this.#said()}`)
      }
      await wait(100)
    }
  }
}
