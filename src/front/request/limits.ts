/** Limits that are not options, and defaults of those that are. Times in ms. */
export const LIMITS = {
  /** The same as that of uWebSockets.js. */
  stallTimeout: 10_000,
  /**
   * Linux shows what a reader took in steps, over loopback of 1.4 MB. A reader that is fast enough for the default
   * `scrapeTimeout` takes one step within this time.
   */
  httpStallTimeout: 30_000,
  /** From the connection to the end of a TLS handshake. */
  handshakeTimeout: 10_000,
  maxWait: 1000,
  maxConnections: 512,
  maxConnectionsPerAddress: 128,
} as const
