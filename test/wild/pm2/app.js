/** A user's program, of which PM2 starts several: each answers, counts, and would serve what all have counted. */
const { createServer } = require('node:http')
const { createRegistry, serve } = require('postmeter')

const registry = createRegistry({ shared: true, memory: '32MiB' })
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
    response.end(String(process.pid))
  }, 3)
})
server.listen(Number(process.env.PORT), '127.0.0.1')
if (process.env.NODE_APP_INSTANCE === '0')
  serve(registry, { listen: process.env.METRICS_LISTEN, retry: '30s' })

// As PM2 asks: a process that is reloaded answers what it has, and ends.
process.once('SIGINT', () => server.close(() => process.exit()))
