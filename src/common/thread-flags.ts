import { createRequire } from 'node:module'

/**
 * The flags of Node for the package's own threads. Those of the program are not for them: a preload would run there, and
 * `--input-type` would keep the thread from starting. Except what finds modules: Yarn's PnP has no node_modules, and its
 * resolver is a preload.
 */
export function threadFlags(): string[] {
  if (process.versions.pnp === undefined) return []
  try {
    return ['--require', createRequire(import.meta.url).resolve('pnpapi')]
  } catch {
    // The program runs under PnP, and this package does not: it is in a node_modules of its own.
    return []
  }
}
