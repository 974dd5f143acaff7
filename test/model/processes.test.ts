/** Every interleaving of the steps of a few processes that share one memory, with kills at every step. */
import { explore } from './explore.js'
import { begin, check, end, type Mutant, processes, type Setup } from './processes.js'
import { testModel } from './suite.js'

const SETUPS: Record<string, Setup> = {
  'two processes bury a dead one': {
    members: [
      { threads: [['bury']], attached: true, killed: true },
      { threads: [['bury', 'inc']], attached: true, killed: true },
    ],
    slots: 3,
    shards: 1,
    left: true,
    swept: true,
    alone: true,
  },
  'two threads of a process bury a dead one': {
    members: [{ threads: [['bury', 'inc'], ['bury']], attached: true, killed: true, terminated: [2] }],
    slots: 3,
    shards: 1,
    left: true,
    swept: true,
    alone: true,
  },
  'a process is killed while it records': {
    members: [
      { threads: [['inc', 'inc']], attached: true, killed: true },
      { threads: [['bury', 'inc']], attached: true, killed: true },
    ],
    slots: 3,
    shards: 1,
    alone: true,
  },
  'a process attaches in place of one that is being buried': {
    members: [
      { threads: [['bury', 'bury']], attached: true, killed: true },
      { threads: [['attach', 'inc']], killed: true },
    ],
    slots: 2,
    shards: 1,
    left: true,
  },
  'a slot is used again, and its process is killed': {
    members: [
      { threads: [['bury']], attached: true },
      { threads: [['attach', 'inc']], killed: true },
      { threads: [['attach', 'inc']] },
    ],
    slots: 2,
    shards: 1,
    left: true,
    alone: true,
  },
  'two attach while others come and go': {
    members: [
      { threads: [['bury']], attached: true, killed: true },
      { threads: [['attach', 'inc']], killed: true },
      { threads: [['attach', 'inc']], killed: true },
    ],
    slots: 3,
    shards: 1,
  },
  'two start in a file of the dead': {
    members: [
      { threads: [['attach', 'inc']], killed: true },
      { threads: [['attach', 'inc']], killed: true },
    ],
    slots: 2,
    shards: 2,
    left: true,
    swept: true,
    file: true,
  },
  'a file starts anew while a burial is late': {
    members: [
      { threads: [['close'], ['bury']], attached: true },
      { threads: [['attach']], killed: true },
      { threads: [['attach', 'inc']] },
    ],
    slots: 3,
    shards: 1,
    left: true,
    file: true,
  },
  'the last process is killed while others attach': {
    members: [
      { threads: [['inc']], attached: true, killed: true },
      { threads: [['attach', 'inc']], killed: true },
      { threads: [['attach', 'inc']] },
    ],
    slots: 3,
    shards: 1,
    file: true,
  },
  'a thread is terminated, and its process killed while it is buried': {
    members: [
      { threads: [['orphan 2'], ['inc', 'sweep']], attached: true, killed: true, terminated: [2] },
      { threads: [['inc', 'bury']], attached: true },
    ],
    slots: 3,
    shards: 1,
    descent: true,
    alone: true,
  },
  'a thread is terminated, then its parent amid the burial': {
    members: [
      {
        threads: [['orphan 2', 'orphan 3'], ['orphan 3'], ['inc', 'sweep']],
        attached: true,
        killed: true,
        terminated: [2, 3],
      },
      { threads: [['inc', 'bury']], attached: true },
    ],
    slots: 3,
    shards: 1,
    descent: true,
  },
  'one closes while its thread records': {
    members: [
      { threads: [['close'], ['inc', 'inc']], attached: true, killed: true },
      { threads: [['bury', 'inc']], attached: true },
    ],
    slots: 3,
    shards: 1,
    alone: true,
  },
  'one closes while its thread is terminated': {
    members: [
      { threads: [['close'], ['orphan 3'], ['inc']], attached: true, killed: true, terminated: [3] },
      { threads: [['inc']], attached: true },
    ],
    slots: 3,
    shards: 1,
    descent: true,
    alone: true,
  },
  'one closes and attaches again, while another buries': {
    members: [
      { threads: [['inc', 'close', 'attach', 'inc']], attached: true, killed: true },
      { threads: [['bury']], attached: true },
    ],
    slots: 2,
    shards: 1,
    left: true,
  },
  'one closes, and its slot has another process': {
    members: [
      { threads: [['inc', 'close']], attached: true, killed: true },
      { threads: [['attach', 'inc']], killed: true },
      { threads: [['bury']], attached: true },
    ],
    slots: 2,
    shards: 2,
  },
  'a parent is late, and the slot has another process': {
    members: [
      { threads: [['close'], ['orphan 3'], ['inc']], attached: true, terminated: [3] },
      { threads: [['attach'], [], ['inc', 'inc']] },
    ],
    slots: 1,
    shards: 1,
    descent: true,
  },
  'the sweeper is killed': {
    members: [
      { threads: [['inc', 'sweep']], attached: true, killed: true },
      { threads: [['bury', 'sweep']], attached: true, killed: true },
    ],
    slots: 3,
    shards: 1,
    alone: true,
  },
  'two processes record, sweep and are killed': {
    members: [
      { threads: [['inc', 'sweep'], ['inc']], attached: true, killed: true },
      { threads: [['bury', 'inc', 'sweep']], attached: true, killed: true },
    ],
    slots: 3,
    shards: 2,
    descent: true,
  },
  'two bury while one attaches, and all can be killed': {
    members: [
      { threads: [['bury', 'inc']], attached: true, killed: true },
      { threads: [['bury', 'inc']], attached: true, killed: true },
      { threads: [['attach', 'inc']], killed: true },
    ],
    slots: 3,
    shards: 1,
    left: true,
    swept: true,
  },
  'a process whose thread buries, and one that attaches': {
    members: [
      { threads: [['inc', 'sweep'], ['bury']], attached: true, killed: true, terminated: [2] },
      { threads: [['attach', 'inc', 'bury']], killed: true },
    ],
    slots: 3,
    shards: 1,
    left: true,
    swept: true,
  },
  'three start in a file of the dead, and all can be killed': {
    members: [
      { threads: [['attach', 'inc', 'bury']], killed: true },
      { threads: [['attach', 'inc', 'bury']], killed: true },
      { threads: [['attach', 'inc']], killed: true },
    ],
    slots: 3,
    shards: 1,
    left: true,
    file: true,
  },
  'one closes and attaches again while its thread records': {
    members: [
      {
        threads: [
          ['close', 'attach', 'inc'],
          ['inc', 'bury'],
        ],
        attached: true,
        killed: true,
      },
      { threads: [['attach', 'inc', 'bury']], killed: true },
    ],
    slots: 2,
    shards: 1,
  },
  'one closes and attaches again while its thread is terminated': {
    members: [
      {
        threads: [['close', 'attach'], ['inc', 'orphan 3'], ['inc']],
        attached: true,
        killed: true,
        terminated: [3],
      },
      { threads: [['attach', 'inc', 'bury']], killed: true },
    ],
    slots: 2,
    shards: 1,
    descent: true,
  },
  'one closes and starts the file anew while its burial is late': {
    members: [
      { threads: [['close', 'attach', 'inc'], ['bury']], attached: true, killed: true },
      { threads: [['attach', 'inc', 'bury']], killed: true },
    ],
    slots: 3,
    shards: 1,
    left: true,
    file: true,
  },
}

const MUTANTS: Record<Mutant, string> = {
  'a burial asks for the byte instead of taking it': 'two processes bury a dead one',
  'two threads bury through one description': 'two threads of a process bury a dead one',
  'a burial tries its own byte through the description that has it': 'a process is killed while it records',
  'a burial reads the record before it has the byte': 'a slot is used again, and its process is killed',
  'a burial gives the byte back before it clears the record':
    'a process attaches in place of one that is being buried',
  'a burial clears the record before the shards': 'two processes bury a dead one',
  'a burial leaves the owner bits': 'two processes bury a dead one',
  'a burial forgets what is MOVING': 'a process is killed while it records',
  'the description of a burial outlives its thread': 'two threads of a process bury a dead one',
  'a death is counted after the epoch is cleared': 'a process is killed while it records',
  'a broken-off sweep is counted after the right is given back': 'the sweeper is killed',
  'a slot is used again while words remain': 'a process attaches in place of one that is being buried',
  'the record is stored before the byte is had': 'two attach while others come and go',
  'attach holds no gate': 'two start in a file of the dead',
  'attach waits for the gate without a bound': 'a slot is used again, and its process is killed',
  'a thread attaches that ends before its process': 'a slot is used again, and its process is killed',
  'start anew asks for all bytes instead of taking them':
    'one closes and starts the file anew while its burial is late',
  'start anew sets no flag': 'a file starts anew while a burial is late',
  'attach does not look at the flag': 'a file starts anew while a burial is late',
  'an owner is named by its thread alone': 'a process is killed while it records',
  'an owner is named by its slot': 'a parent is late, and the slot has another process',
  'close() does not wait for its threads': 'one closes while its thread records',
  'close() does not wait for claims under way': 'one closes while its thread records',
  'close() gives the byte back before it clears the record': 'one closes, and its slot has another process',
  'close() clears what a parent is clearing': 'one closes while its thread is terminated',
  'a claim does not ask whether the process closes': 'one closes while its thread records',
  'a record of descent names nobody while it is written':
    'a thread is terminated, and its process killed while it is buried',
  'a parent frees a record of descent by a plain store': 'a parent is late, and the slot has another process',
}

const run = (setup: Setup) => explore(begin(setup), processes(setup), check(setup), end(setup))

testModel(Object.keys(SETUPS), MUTANTS, (setup, mutant) =>
  run(mutant === undefined ? SETUPS[setup] : { ...SETUPS[setup], mutant }),
)
