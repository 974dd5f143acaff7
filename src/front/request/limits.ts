/** What is not an option, and what is where nobody said otherwise. Times in ms. */
export const LIMITS = {
  /** As uWebSockets.js has it. */
  stallTimeout: 10_000,
  /**
   * Linux tells of what a reader took in leaps, over loopback of 1.4 MB: in so long, whoever can be done in the default
   * `scrapeTimeout` takes one.
   */
  httpStallTimeout: 30_000,
  /** From the connection to the end of a TLS handshake. */
  handshakeTimeout: 10_000,
  maxWait: 1000,
  maxConnections: 512,
  maxConnectionsPerAddress: 128,
} as const
