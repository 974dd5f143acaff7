/** What the default metrics need of Node, loaded when it is needed. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** By its plain name: test runners replace modules by those. */
const plain = (name: string): unknown => require(name)

export const fs = () => plain('fs') as typeof import('node:fs')
export const perfHooks = () => plain('perf_hooks') as typeof import('node:perf_hooks')
export const v8 = () => plain('v8') as typeof import('node:v8')
