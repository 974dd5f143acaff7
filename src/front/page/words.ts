/** What the page makes and says of its polling. Pure. */
import type { Answer } from '../contract/dashboard.js'
import { count } from './units.js'

/** How an answer stands in time. */
export type Pace = Pick<Answer, 'time' | 'every'>

/** Whether so much time lies between two answers that nothing is known of it: the tab was hidden, the machine slept. */
export function isGap(earlier: Pace, later: Pace): boolean {
  return later.time - earlier.time > 3 * Math.max(earlier.every, later.every, LEAST_PAUSE)
}

/**
 * Whether an answer is one that came before, for longer than the server gives it again by itself.
 * @param waited in ms, since it came first.
 */
export function isKept(earlier: Pace, later: Pace, waited: number): boolean {
  return later.time === earlier.time && waited > 3 * Math.max(earlier.every, LEAST_PAUSE)
}

const LEAST_PAUSE = 2000
/** More than what the server says where nothing is costly. */
const SELDOM = 2500

/** How often it asks, and why no oftener. */
export function pace({ every, panels }: Answer): string {
  const often = `Asks every ${seconds(every)}`
  if (every <= SELDOM) return `${often}.`
  let most: { name: string; series: number } | undefined
  for (const panel of panels) if (!('problem' in panel) && panel.series > (most?.series ?? 0)) most = panel
  return most === undefined ? `${often}.` : `${often}, because ${most.name} has ${count(most.series)} series.`
}

export function gone(why: string, againIn: number, since: string | undefined): string {
  const last = since === undefined ? '' : ` The pictures end at ${since}.`
  return `The endpoint is gone: ${why}. Asks again in ${seconds(againIn)}.${last}`
}

/** Answers come, and are all the same one. @param since the time of its figures. */
export function kept(since: string): string {
  return `The figures are those of ${since}: something between this page and its server keeps answers, and gives them again.`
}

/** Figures come, and the list of families does not. */
export function unlisted(why: string): string {
  return `There is no list of families: ${why}.`
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(2))} s`
}
