/** Every interleaving of the protocol's steps, as far as two places, two threads and a few sweeps reach. */
import { explore } from './explore.js'
import { begin, check, end, type Mutant, processes, type Setup } from './series.js'
import { testModel } from './suite.js'

const SETUPS: Record<string, Setup> = {
  'two threads count in one label set': { programs: [['inc 1', 'go'], ['inc 1']], sweeps: 3, removes: 0 },
  'a thread holds on through sweeps': { programs: [['inc 1', 'inc 1', 'go'], []], sweeps: 4, removes: 0 },
  'a place is used again for another label set': {
    programs: [['go', 'inc 2'], ['inc 1']],
    sweeps: 3,
    removes: 0,
    begun: true,
  },
  'removed, while a thread holds it': { programs: [['inc 1', 'inc 1', 'go'], []], sweeps: 3, removes: 1 },
  'removed, while a thread comes and goes': {
    programs: [['go', 'inc 1', 'go', 'inc 1'], []],
    sweeps: 3,
    removes: 1,
    begun: true,
  },
  'removed, while two count': { programs: [['inc 1'], ['inc 1']], sweeps: 1, removes: 1, begun: true },
  'removed, while its place is used again': {
    programs: [['inc 1', 'go', 'inc 2', 'go'], []],
    sweeps: 3,
    removes: 1,
    begun: true,
  },
  'a thread dies, the next counts in another label set': {
    programs: [['inc 2', 'go'], []],
    sweeps: 3,
    removes: 0,
    deaths: true,
  },
  'a thread dies': { programs: [['inc 1', 'go'], ['inc 1']], sweeps: 2, removes: 0, deaths: true },
}

const MUTANTS: Record<Mutant, string> = {
  'the sweeper folds before it looks for owners': 'a thread holds on through sweeps',
  'a thread reads the state before it sets its bit': 'two threads count in one label set',
  'remove() does not compare the generation': 'removed, while its place is used again',
  'a place is freed without waiting for look-ups': 'a place is used again for another label set',
  'remove() leaves the noting of the fold to the sweeper': 'removed, while a thread holds it',
  'what hides a series does not raise its generation': 'removed, while a thread comes and goes',
  'remove() does not look for owners': 'removed, while a thread holds it',
  'the sweeper frees what has moved': 'a thread holds on through sweeps',
  'an insert does not search what came before it': 'two threads count in one label set',
  'remove() reads the state before it folds': 'removed, while a thread holds it',
  'a burial leaves the owner bits': 'a thread dies, the next counts in another label set',
}

const run = (setup: Setup) => explore(begin(setup), processes(setup), check, end(setup))

testModel(Object.keys(SETUPS), MUTANTS, (setup, mutant) =>
  run(mutant === undefined ? SETUPS[setup] : { ...SETUPS[setup], mutant }),
)
