import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export interface RunningMta {
  /** `http://127.0.0.1:PORT/metrics` */
  readonly url: string
}

/** `npm start` with a port of the system's choice; ended as Ctrl-C would, and checked for a clean end, after the test. */
export async function startMta(t: Test, ...args: string[]): Promise<RunningMta> {
  const main = fileURLToPath(new URL('../../scripts/mta/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', part => said.push(part))
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGINT')
    const [code, signal] = await exited
    // Thrown, since a test that tears down asserts no more.
    if (code !== 0) throw new Error(`npm start ended with ${signal ?? code} on SIGINT:\n${said.join('')}`)
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', line => {
      said.push(`${line}\n`)
      const found = /http:\/\/127\.0\.0\.1:\d+\/metrics\b/.exec(line)
      if (found) resolve(found[0])
    })
    exited.then(([code]) =>
      reject(new Error(`npm start ended (${code}) before it reported its endpoint:\n${said.join('')}`)),
    )
  })
  return { url }
}

/** The sum of all samples of one name in a text exposition. */
export function sumOf(exposition: string, name: string): number {
  let sum = 0
  let seen = 0
  for (const line of exposition.split('\n')) {
    if (line !== '' && !line.startsWith('#') && /^[^{ ]*/.exec(line)?.[0] === name) {
      sum += Number(line.slice(line.lastIndexOf(' ') + 1))
      seen++
    }
  }
  return seen === 0 ? Number.NaN : sum
}
