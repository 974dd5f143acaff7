/** What a plugin of a user's would count, in Haraka's processes together; and the endpoint, in the one that starts them. */
const { createRegistry, serve } = require('postmeter')

exports.register = function () {
  // The master runs this before it starts its workers. In a worker the same call joins; it runs while the worker is root.
  const registry = createRegistry({ shared: true, memory: '32MiB' })
  this.registry = registry
  this.connections = registry.counter({ name: 'smtp_connections_total', help: 'Connections taken.' })
  this.disconnects = registry.counter({
    name: 'smtp_disconnects_total',
    help: 'Connections that have ended.',
  })
  this.open = registry.gauge({
    name: 'smtp_open_connections',
    help: 'Connections that are open.',
    aggregate: 'livesum',
  })
  this.messages = registry.counter({
    name: 'smtp_messages_total',
    help: 'Messages taken, by the domain of the sender.',
    labelNames: ['domain'],
  })
  this.sizes = registry.histogram({
    name: 'smtp_message_bytes',
    help: 'Size of messages taken.',
    buckets: [1_000, 10_000, 100_000],
  })
}

/** In the master alone. A daemon's runs twice: in what was started, and in the daemon, which then wants the address. */
exports.hook_init_master = function (next) {
  serve(this.registry, { listen: process.env.METRICS_LISTEN, retry: '10s' }).then(
    () => next(),
    error => next(DENY, error.message),
  )
}

exports.hook_connect = function (next) {
  this.connections.inc()
  this.open.inc()
  next()
}

exports.hook_disconnect = function (next) {
  this.disconnects.inc()
  this.open.dec()
  next()
}

/** Before the client has its answer: what it sees taken is counted. */
exports.hook_queue = function (next, connection) {
  const { mail_from, data_bytes } = connection.transaction
  this.messages.inc({ domain: mail_from.host })
  this.sizes.observe(data_bytes)
  next(OK)
}
