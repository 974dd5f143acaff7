/** A user's program with fastify-metrics: its metrics of routes, and one of the program's own through the plugin. */
const fastify = require('fastify')
const fastifyMetrics = require('fastify-metrics')

async function main() {
  const app = fastify()
  await app.register(fastifyMetrics, {
    endpoint: '/metrics',
    routeMetrics: {
      routeBlacklist: ['/metrics'],
      registeredRoutesOnly: false,
      customLabels: { zone: request => request.headers['x-zone'] ?? 'none' },
      // What a request takes lies between them, however busy the machine is.
      overrides: { histogram: { buckets: [1e-9, 600] }, summary: { percentiles: [0.5, 0.99] } },
    },
  })
  const { Counter } = app.metrics.client
  const orders = new Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['what'] })
  app.get('/users/:name', async request => `hello, ${request.params.name}\n`)
  app.post('/orders', async (request, reply) => {
    orders.inc({ what: request.query.what })
    return reply.code(201).send()
  })
  app.get('/broken', async () => {
    throw new Error('broken')
  })
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
  console.log('listening')
}
main()
