import type { Test } from 'tap'

/** What a script of scripts/need-*.ts gives; where it is not to be had the test is skipped, which CI takes for a failure. */
export async function neededOrSkip<P>(t: Test, what: string, need: () => Promise<P>): Promise<P | undefined> {
  try {
    return await need()
  } catch (error) {
    t.pass(`needs ${what}`, { skip: (error as Error).message })
    return undefined
  }
}
