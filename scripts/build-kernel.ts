/**
 * Builds the kernel: its constants are written from src/memory/layout.ts, its powers of ten computed, and all of it
 * compiled by AssemblyScript to dist/src/kernel/kernel.wasm. Runs after tsc, as part of `npm run build`.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import * as layout from '../src/memory/layout.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const work = `${root}dist/kernel`
const out = `${root}dist/src/kernel/kernel.wasm`

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
cpSync(`${root}src/kernel/assembly`, work, { recursive: true })
writeFileSync(`${work}/layout.ts`, layoutSource())
writeFileSync(`${work}/powers.ts`, powersSource())

const { error, stderr } = await asc.main([
  `${work}/index.ts`,
  ...['--outFile', out],
  ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
  ...['--importMemory', '--noExportMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65535', '--memoryBase', String(layout.KERNEL_BASE)],
  ...['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory'],
])
if (error !== null) {
  console.error(stderr.toString())
  process.exit(1)
}

function layoutSource(): string {
  return Object.entries(layout)
    .filter(([, value]) => typeof value === 'number' && Math.abs(value as number) < 2 ** 31)
    .map(([name, value]) => `export const ${name}: i32 = ${value}\n`)
    .join('')
}

/**
 * 10^k for every k that a Float64's digits need, as 128 bits rounded up: g = floor(10^k / 2^r) + 1, with r such that
 * g has 128 bits; exact powers are kept exact. High half first.
 */
function powersSource(): string {
  const min = -292
  const max = 324
  const words: string[] = []
  for (let k = min; k <= max; k++) {
    const g = power(k)
    words.push(`0x${(g >> 64n).toString(16)}`, `0x${(g & (2n ** 64n - 1n)).toString(16)}`)
  }
  return (
    `export const POWERS_MIN: i32 = ${min}\n` +
    `export const POWERS: usize = memory.data<u64>([\n  ${words.join(',\n  ')}\n])\n`
  )
}

function power(k: number): bigint {
  const bits = (n: bigint) => n.toString(2).length
  if (k >= 0) {
    const n = 10n ** BigInt(k)
    const shift = bits(n) - 128
    if (shift <= 0) return n << BigInt(-shift)
    return (n >> BigInt(shift)) + 1n
  }
  const n = 10n ** BigInt(-k)
  // 2^s / 10^-k with 128 bits.
  let shift = BigInt(bits(n) + 127)
  let g = (1n << shift) / n
  if (bits(g) > 128) {
    shift -= 1n
    g = (1n << shift) / n
  }
  return g + 1n
}
