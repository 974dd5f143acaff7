import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { median } from '../harness/statistics.js'

/** The loss that must fail the gate: work that takes this many times as long. */
export const LOSS = 1.3
/**
 * What a limit is above the median of the calibration's runs. Nearer to the loss, as ratios go: a neighbour can only add
 * to what is measured, so that a ratio is often above what it would be alone, and hardly ever below.
 */
export const MARGIN = LOSS ** 0.6
/** On a machine of a kind that was never calibrated the ratios differ by themselves: limits are wider by this much. */
export const ELSEWHERE = 1.5

/** Ratios of all runs of a calibration, by floor. */
export type Runs = Readonly<Record<string, readonly number[]>>

interface Calibration {
  readonly machine: string
  readonly date: string
  readonly runs: Runs
}

export interface Limits {
  /** The machine is of a kind that was calibrated. */
  readonly calibrated: boolean
  readonly machine: string
  readonly limits: Readonly<Record<string, number>>
}

export const floorsFile = fileURLToPath(new URL('../../../bench/gate/floors.json', import.meta.url))

/** What ratios depend on: the processor down to its stepping, and the engine. */
export function machineKind(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const [info] = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8').split('\n\n') : ['']
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(info!)?.[1]
  const stepping = ['cpu family', 'model', 'stepping'].map(field).filter(Boolean).join('.')
  return [model, stepping, process.platform, process.arch, `node ${process.versions.node.split('.')[0]}`]
    .filter(Boolean)
    .join(' ')
}

export function limitOf(runs: readonly number[]): number {
  return median(runs) * MARGIN
}

/** What hold here: those of machines like this one, or else the widest of all, wider still. */
export function readLimits(file: string, machine = machineKind()): Limits {
  const calibrations = read(file)
  const own = calibrations.find(calibration => calibration.machine === machine)
  const limits: Record<string, number> = {}
  for (const { runs } of own === undefined ? calibrations : [own]) {
    for (const [name, ratios] of Object.entries(runs)) {
      const limit = limitOf(ratios) * (own === undefined ? ELSEWHERE : 1)
      limits[name] = Math.max(limits[name] ?? 0, limit)
    }
  }
  return { calibrated: own !== undefined, machine, limits }
}

/** Puts runs in the place of those of the same floors on machines like this one, or adds them to those. */
export function writeRuns(file: string, runs: Runs, now: Date, add: boolean, machine = machineKind()): Runs {
  const calibrations = existsSync(file) ? read(file) : []
  const before = calibrations.find(calibration => calibration.machine === machine)?.runs ?? {}
  const all: Record<string, readonly number[]> = { ...before }
  for (const [name, ratios] of Object.entries(runs)) {
    all[name] = [...((add && before[name]) || []), ...ratios.map(ratio => Number(ratio.toPrecision(4)))]
  }
  const calibration: Calibration = { machine, date: now.toISOString().slice(0, 10), runs: all }
  const others = calibrations.filter(other => other.machine !== machine)
  writeFileSync(file, spell([...others, calibration]))
  return all
}

/** Of the calibration's own runs, how many may lie above the limit: three attempts then do in one gate of a hundred. */
const ABOVE = 0.2

/**
 * Why a limit is not to be trusted: runs without a loss would break it too often, or one run with a loss would not; for
 * the first, every attempt has to be above it, for the second one below it will do.
 */
export function doubts(name: string, ratios: readonly number[]): string[] {
  const limit = limitOf(ratios)
  const above = ratios.filter(ratio => ratio > limit)
  const least = Math.min(...ratios)
  return [
    ...(above.length > ratios.length * ABOVE
      ? [
          `${name}: of ${ratios.length} runs without a loss ${above.join(', ')} are above its limit of ${limit}`,
        ]
      : []),
    ...(least * LOSS < limit
      ? [`${name}: a loss of ${LOSS} x from ${least} would stay below its limit of ${limit}`]
      : []),
  ]
}

function read(file: string): Calibration[] {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** A line for each floor. */
function spell(calibrations: readonly Calibration[]): string {
  const text = JSON.stringify(calibrations, null, 2)
  return `${text.replace(/\[\s+(-?\d[^\]]*?)\s+\]/g, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)}\n`
}
