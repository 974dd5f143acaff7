import type { Test } from 'tap'
import { createRegistry, type Registry, type RegistryOptions } from '../../src/index.js'

let made = 0

/** A registry of its own for one test. */
export function freshRegistry(t: Test, options: RegistryOptions = {}): Registry {
  const registry = createRegistry({ name: `mta-${++made}`, memory: '16MiB', ...options })
  t.teardown(() => registry.close())
  return registry
}

/** Names and types in an exposition, as it has them. */
export function typesOf(text: string): [string, string][] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!])
}
