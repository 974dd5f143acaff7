/** A user's program, of which PM2 starts several: each answers, counts, and serves what all have counted. */
const { createServer } = require('node:http')
const { createRegistry, serve } = require('postmeter')

// They are children of PM2's daemon, which knows nothing of it: they meet in a file.
const registry = createRegistry({ file: process.env.METRICS_FILE, memory: '32MiB' })
const requests = registry.counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labelNames: ['client'],
})
const open = registry.gauge({ name: 'http_open', help: 'Requests at work.', aggregate: 'livesum' })

const server = createServer((request, response) => {
  open.inc()
  // It takes a moment, as work does, and is counted before it is answered.
  setTimeout(() => {
    requests.inc({ client: request.headers['x-client'] })
    open.dec()
    response.end(JSON.stringify({ pid: process.pid, serves: front?.listening === true }))
  }, 3)
})
server.listen(Number(process.env.PORT), '127.0.0.1')
// Each of them: one listens, and another one when that ends.
let front
serve(registry, { listen: process.env.METRICS_LISTEN, standby: true }).then(served => {
  front = served
})

// As PM2 asks: a process that is reloaded answers what it has, and ends.
process.once('SIGINT', () => server.close(() => process.exit()))
