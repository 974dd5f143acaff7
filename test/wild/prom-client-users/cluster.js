/**
 * A user's program under node:cluster: express-prom-bundle's clusterMetrics(), which asks an AggregatorRegistry, in the
 * primary; requests, and gauges that combine in several ways, in workers.
 */
const cluster = require('node:cluster')
const express = require('express')
const promBundle = require('express-prom-bundle')
const { AggregatorRegistry, Counter, Gauge } = require('prom-client')

const WORKERS = 2
const app = express()
if (cluster.isPrimary) {
  let listening = 0
  // Before there are workers: a registry that all share is made here, and they find it.
  app.use('/metrics', promBundle.clusterMetrics())
  cluster.on('listening', () => {
    if (++listening < WORKERS) return
    app.listen(Number(process.env.METRICS_PORT), '127.0.0.1', () => console.log('listening'))
  })
  for (let n = 0; n < WORKERS; n++) cluster.fork()
} else {
  // As prom-client asks of workers: it makes them answer.
  new AggregatorRegistry()
  app.use(
    promBundle({
      autoregister: false,
      includeMethod: true,
      includePath: true,
      normalizePath: [['^/users/.*', '/users/#name']],
      buckets: [1e-9, 600],
    }),
  )
  const orders = new Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['what'] })
  const { id } = cluster.worker
  for (const aggregator of ['sum', 'min', 'max'])
    new Gauge({ name: `worker_${aggregator}`, help: `The ${aggregator} of ids.`, aggregator }).set(id)
  app.get('/users/:name', (request, response) => response.send(`hello, ${request.params.name}\n`))
  app.post('/orders', (request, response) => {
    orders.inc({ what: request.query.what })
    response.status(201).end()
  })
  app.listen(Number(process.env.PORT), '127.0.0.1')
}
