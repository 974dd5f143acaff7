/** Every interleaving of newcomers that make or replace the file at a path, with kills at every step. */
import { explore } from './explore.js'
import { testModel } from './suite.js'
import { begin, check, type Mutant, processes, type Setup } from './upgrade.js'

const SETUPS: Record<string, Setup> = {
  'three find no file': {
    file: 0,
    newcomers: [{ layout: 2, killed: true }, { layout: 2, killed: true }, { layout: 2 }],
  },
  'three find a file of another layout': {
    file: 1,
    newcomers: [{ layout: 2, killed: true }, { layout: 2, killed: true }, { layout: 2 }],
  },
  'one of the old layout comes meanwhile': {
    file: 1,
    newcomers: [{ layout: 2, killed: true }, { layout: 2 }, { layout: 1, killed: true }],
  },
  'two layouts come where there is no file': {
    file: 0,
    newcomers: [{ layout: 2, killed: true }, { layout: 1 }, { layout: 2 }],
  },
}

const MUTANTS: Record<Mutant, string> = {
  'the path is not compared after the gate was had': 'three find a file of another layout',
  'the gate is given back before the old file is put aside': 'three find a file of another layout',
  'a new file is renamed over the path': 'three find no file',
  'a file is written in its place': 'three find no file',
  'a maker begins again before it attaches': 'one of the old layout comes meanwhile',
}

const run = (setup: Setup) => explore(begin(setup), processes(setup), check(setup), () => {})

testModel(Object.keys(SETUPS), MUTANTS, (setup, mutant) =>
  run(mutant === undefined ? SETUPS[setup] : { ...SETUPS[setup], mutant }),
)
