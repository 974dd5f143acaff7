/** What is not an option, and what is where nobody said otherwise. Times in ms. */
export const LIMITS = {
  /** As uWebSockets.js has it. */
  stallTimeout: 10_000,
  maxWait: 1000,
  maxConnections: 512,
  maxConnectionsPerAddress: 128,
} as const
