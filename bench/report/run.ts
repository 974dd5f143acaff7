import type { Machine } from './machine.js'
import { type Figure, type Report, reached } from './model.js'

/** All that one run of the bench found. */
export interface Run {
  readonly machine: Machine
  readonly quick: boolean
  readonly reports: readonly Report[]
}

export function figuresOf({ reports }: Run): Figure[] {
  return reports.flatMap(({ figures }) => figures)
}

/** For other programs, and for what is drawn later; figures stand at the end again, with what came of them. */
export function asJson(run: Run): string {
  // Null, not left out, for a figure without a verdict.
  const figures = figuresOf(run).map(figure => ({ ...figure, reached: reached(figure) ?? null }))
  return `${JSON.stringify({ ...run, figures }, null, 2)}\n`
}
