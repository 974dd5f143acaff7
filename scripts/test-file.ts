import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { type FinalResults, Parser } from 'tap-parser'

/** What one test file did, as its own TAP output and its end show it. */
export interface FileReport {
  readonly file: string
  /** Assertions that held; subtests are not counted on top of what is in them. */
  readonly passed: number
  readonly failed: number
  readonly skips: readonly Skip[]
  /** Why the file failed beyond its assertions: exit code, signal, timeout, no test, bad TAP. */
  readonly troubles: readonly string[]
  readonly seconds: number
  /** All it wrote to stdout, and to stderr. */
  readonly tap: string
  readonly stderr: string
}

export interface Skip {
  readonly name: string
  readonly reason: string
}

export interface RunOptions {
  /** The node binary that runs it. */
  readonly node: string
  /** The working directory; default this process'. */
  readonly folder?: string
  readonly timeoutSeconds: number
  readonly env: NodeJS.ProcessEnv
  /** Called with the process group, once when it starts (`alive`) and once when it is gone. */
  readonly onGroup?: (group: number, alive: boolean) => void
}

/** How long processes that a test started may outlive it, in milliseconds. */
const GRACE = 3000

/**
 * Runs one built test file in a plain node process and reads its TAP.
 *
 * Not through tap's command line, which puts loaders and NODE_OPTIONS of its own into each test process and into
 * every child and Worker of it (1.0 s a file instead of 0.35 s): tests of exit codes, signals, memory and Workers
 * must see the node that users have.
 */
export async function runFile(file: string, built: string, options: RunOptions): Promise<FileReport> {
  const started = performance.now()
  const child = spawn(options.node, [built], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env,
    ...(options.folder !== undefined && { cwd: options.folder }),
    // A group of its own, so that nothing a test started can outlive it.
    detached: true,
  })
  const group = child.pid
  if (group === undefined) {
    const [error] = await once(child, 'error')
    const troubles = [`could not be started: ${error.message}`]
    return {
      file,
      passed: 0,
      failed: 0,
      skips: [],
      troubles,
      seconds: 0,
      tap: '',
      stderr: '',
    }
  }
  options.onGroup?.(group, true)

  let passed = 0
  let failed = 0
  let tap = ''
  let stderr = ''
  const skips: Skip[] = []
  const troubles: string[] = []
  const parser = new Parser({})
  parser.on('result', result => {
    if (result.skip) skips.push({ name: result.fullname, reason: reasonOf(result.skip) })
    else if (result.todo) troubles.push(`todo left in: ${result.fullname}`)
    else if (result.ok) passed++
    else failed++
  })
  child.stdout.setEncoding('utf8').on('data', text => {
    tap += text
    parser.write(text)
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  // Comes after both pipes ended, so that nothing written last is lost.
  const closed = once(child, 'close')
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    troubles.push(`not done after ${options.timeoutSeconds} s: killed`)
    killGroup(group)
  }, options.timeoutSeconds * 1000)
  const [code, signal] = await once(child, 'exit')
  clearTimeout(timer)
  if (!timedOut && signal !== null) troubles.push(`ended by ${signal}`)
  if (!(await groupEnds(group, GRACE))) {
    killGroup(group)
    const ended = await groupEnds(group, GRACE)
    troubles.push(`left processes behind: ${ended ? 'killed' : 'and they cannot be killed'}`)
  }
  await closed
  options.onGroup?.(group, false)

  const complete = once(parser, 'complete')
  parser.end()
  const [results] = (await complete) as [FinalResults]
  // Only now is all that it said known.
  if (!timedOut && signal === null && code !== 0 && failed === 0) {
    troubles.push(`exit code ${code} without a failed assertion`)
  }
  if (results.bailout) troubles.push(`bailed out: ${reasonOf(results.bailout)}`)
  if (passed + failed + skips.length === 0) {
    const { skipAll, skipReason } = results.plan
    // tap's word for a file without a test is a skip; to us it is a mistake.
    if (skipAll && skipReason && skipReason !== 'no tests found')
      skips.push({ name: file, reason: skipReason })
    else troubles.push('ran no test')
  } else if (!results.ok && failed === 0 && troubles.length === 0) {
    troubles.push(`its TAP is not in order: ${JSON.stringify(results.failures).slice(0, 400)}`)
  }
  const seconds = (performance.now() - started) / 1000
  return { file, passed, failed, skips, troubles, seconds, tap, stderr }
}

function reasonOf(directive: string | boolean): string {
  return typeof directive === 'string' ? directive : ''
}

/** Whether a process group is gone within so many milliseconds. */
async function groupEnds(group: number, within: number): Promise<boolean> {
  const limit = performance.now() + within
  while (groupLives(group)) {
    if (performance.now() > limit) return false
    await setTimeoutPromise(20)
  }
  return true
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  if (!existsSync('/proc/self/stat')) return true
  // A container whose first process reaps nobody keeps the dead as zombies: they count as gone.
  return readdirSync('/proc').some(entry => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false
    }
  })
}

/** Ends a process group at once; that it has gone already is no error. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
