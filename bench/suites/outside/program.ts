import { createRegistry } from '../../../src/index.js'
import { answerQuestions } from '../../harness/child.js'
import { fill } from '../../work/expositions.js'

// Run as `program.js SERIES`: a service with a registry that a front outside can look for.
const registry = createRegistry({ shared: true, memory: '1GiB' })
fill(registry, 'counters', Number(process.argv[2]))
const turns = registry.counter({ name: 'turns_total', help: 'Turns of the service.' })
setInterval(() => turns.inc(), 10)
answerQuestions(process.pid, () => true)
