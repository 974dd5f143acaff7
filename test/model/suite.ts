import t from 'tap'
import type { Outcome } from './explore.js'

/**
 * Tests a model: each setup is explored without a violation, and each mutant is found in its setup. `run` explores a
 * setup, with a mutant of the protocol if one is given.
 */
export function testModel<M extends string, S extends string>(
  setups: readonly S[],
  mutants: Readonly<Record<M, S>>,
  run: (setup: S, mutant?: M) => Outcome,
): void {
  t.setTimeout(600_000)
  for (const setup of setups) {
    t.test(setup, async t => {
      const { states, violation, trace } = run(setup)
      t.equal(violation, undefined, trace.join(', '))
      t.comment(`${states} states`)
      t.ok(states > 200)
    })
  }
  for (const [mutant, setup] of Object.entries(mutants) as [M, S][]) {
    t.test(`found if ${mutant}`, async t => {
      const { states, violation } = run(setup, mutant)
      t.ok(violation, `${violation}, after ${states} states`)
    })
  }
}
