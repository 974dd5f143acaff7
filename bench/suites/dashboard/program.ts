import { createRegistry, serve } from '../../../src/index.js'
import { answerQuestions } from '../../harness/child.js'

/** A program with so many series, most of them of one family, that goes on recording, and its front. Run as `program.js SERIES`. */
const series = Number(process.argv[2])

const registry = createRegistry({ name: 'dashboard', memory: '512MiB' })
const received = registry.counter({
  name: 'mail_received_total',
  help: 'Messages accepted',
  labelNames: ['service'],
})
const accepted = registry.histogram({ name: 'mail_accept_seconds', help: 'Time to accept a message' })
const queued = registry.gauge({ name: 'mail_queued', help: 'Messages in queues', labelNames: ['domain'] })
for (let n = 0; n < series; n++) queued.labels(`domain-${n}.example`).set(n % 1000)
const smtp = received.labels('smtp')
setInterval(() => {
  smtp.inc(20)
  for (let n = 0; n < 20; n++) accepted.observe(Math.random() / 10)
}, 100)

const front = await serve(registry, { listen: '127.0.0.1:0' })
/** What it has used of processors so far, ms. */
answerQuestions<'cpu'>(front.url, () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
})
