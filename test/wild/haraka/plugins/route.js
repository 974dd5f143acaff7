/** Sends all mail to one server: the domains of a test are in no DNS. */
exports.hook_get_mx = (next, _hmail, _domain) => {
  next(OK, { priority: 0, exchange: '127.0.0.1', port: process.env.SINK_PORT })
}
