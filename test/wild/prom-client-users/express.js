/** A user's program with express-prom-bundle: a histogram of requests, a summary of some, and metrics of its own. */
const express = require('express')
const promBundle = require('express-prom-bundle')
const { Counter, Gauge } = require('prom-client')

const app = express()
app.use(
  promBundle({
    includeMethod: true,
    includePath: true,
    customLabels: { zone: null },
    transformLabels: (labels, request) => {
      labels.zone = request.headers['x-zone'] ?? 'none'
    },
    normalizePath: [['^/users/.*', '/users/#name']],
    // What a request takes lies between them, however busy the machine is.
    buckets: [1e-9, 600],
    promClient: { collectDefaultMetrics: { labels: { app: 'shop' } } },
  }),
)
app.use(
  '/orders',
  promBundle({
    metricType: 'summary',
    httpDurationMetricName: 'orders_duration_seconds',
    percentiles: [0.5, 0.99],
    includeUp: false,
    autoregister: false,
    includeMethod: true,
  }),
)
const orders = new Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['what'] })
const stock = new Gauge({
  name: 'stock',
  help: 'What is left.',
  collect() {
    this.set(12)
  },
})
app.get('/users/:name', (request, response) => response.send(`hello, ${request.params.name}\n`))
app.post('/orders', (request, response) => {
  orders.inc({ what: request.query.what })
  stock.dec()
  response.status(201).end()
})
app.get('/broken', () => {
  throw new Error('broken')
})
// As a handler of errors does that a program has, so that its log stays empty.
app.use((_error, _request, response, _next) => response.status(500).end())
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'))
