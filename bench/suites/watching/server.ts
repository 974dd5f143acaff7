import { createRegistry, serve } from '../../../src/index.js'
import { answerQuestions } from '../../harness/child.js'
import { fill } from '../../work/expositions.js'

/** Serves ten families of about so many lines. Run as `server.js LINES`. */
const registry = createRegistry({ name: 'watching', memory: '1GiB' })
fill(registry, 'mixed', Number(process.argv[2]))
const front = await serve(registry, { listen: '127.0.0.1:0' })
answerQuestions(front.url, () => true)
