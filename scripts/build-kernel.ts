/**
 * Builds the kernel: its constants are written from src/memory/layout.ts, its view of the records from
 * src/memory/records.ts (kernel-records.ts), its powers of ten computed, and all of it compiled by AssemblyScript to dist/src/kernel/kernel.wasm; and once more, with a hook, to dist/test/kernel/hooked.wasm.
 * What folds alone is for the bench, dist/bench/folding.wasm.
 * What compresses is a module of its own, dist/src/kernel/deflate.wasm.
 * Runs after tsc, as part of `npm run build`.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import * as layout from '../src/memory/layout.js'
import { constants } from '../src/memory/record.js'
import { RECORDS } from '../src/memory/records.js'
import { SPARE_BYTES, WORKSPACE_BYTES } from '../src/memory/workspace-size.js'
import { recordsSource } from './kernel-records.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const work = `${root}dist/kernel`

/** In the kernel for tests, what assembly/hook.ts does is theirs. */
const TEST_HOOK = `@external('env', 'beforeCopy')
export declare function beforeCopy(place: usize): void
`

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
cpSync(`${root}src/kernel/assembly`, work, { recursive: true })
cpSync(`${root}bench/assembly`, work, { recursive: true })
writeFileSync(`${work}/layout.ts`, layoutSource())
writeFileSync(`${work}/records.ts`, recordsSource(RECORDS))
writeFileSync(`${work}/powers.ts`, powersSource())
writeFileSync(`${work}/fours.ts`, foursSource())
const shared = ['--importMemory', '--noExportMemory', '--sharedMemory', '--enable', 'threads']
shared.push('--initialMemory', '2', '--maximumMemory', '65535', '--memoryBase', String(layout.KERNEL_BASE))
await compile('index.ts', `${root}dist/src/kernel/kernel.wasm`, shared)
await compile('folding.ts', `${root}dist/bench/folding.wasm`, shared)
await compile('deflate/index.ts', `${root}dist/src/kernel/deflate.wasm`, shared)
checkWorkspace(`${root}dist/src/kernel/deflate.wasm`)
writeFileSync(`${work}/hook.ts`, TEST_HOOK)
await compile('index.ts', `${root}dist/test/kernel/hooked.wasm`, shared)

async function compile(from: string, out: string, options: readonly string[]): Promise<void> {
  const { error, stderr } = await asc.main([
    `${work}/${from}`,
    ...['--outFile', out],
    ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
    ...options,
    ...['--enable', 'simd', '--enable', 'bulk-memory'],
  ])
  if (error === null) return
  console.error(stderr.toString())
  process.exit(1)
}

/** The compressor keeps all it has in its workspace, of which memory/workspace-size.ts knows the size. */
function checkWorkspace(file: string): void {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true })
  const module = new WebAssembly.Module(readFileSync(file))
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const { tablesEnd, headsBegin, output, slack } = exports as Record<string, () => number>
  const wrong = [
    new Uint8Array(memory.buffer).some(byte => byte !== 0) && 'it has data, which all instances would share',
    tablesEnd!() > headsBegin!() && `tables end at ${tablesEnd!()}, behind HEADS at ${headsBegin!()}`,
    output!() !== WORKSPACE_BYTES &&
      `OUT is at ${output!()}; memory/workspace-size.ts says ${WORKSPACE_BYTES}`,
    slack!() > SPARE_BYTES &&
      `${slack!()} bytes of OUT are spare; memory/workspace-size.ts has ${SPARE_BYTES}`,
  ].filter(one => one !== false)
  if (wrong.length === 0) return
  for (const one of wrong) console.error(`${file}: ${one}`)
  process.exit(1)
}

/** All but where fields are, which records.ts knows. */
function layoutSource(): string {
  const offsets = new Set(RECORDS.flatMap(record => [...constants(record).keys()]))
  return Object.entries(layout)
    .filter(
      ([name, value]) =>
        !offsets.has(name) && typeof value === 'number' && Math.abs(value as number) < 2 ** 31,
    )
    .map(([name, value]) => `export const ${name}: i32 = ${value}\n`)
    .join('')
}

/** The four digits of 0 to 9,999, a byte each, the most significant first. */
function foursSource(): string {
  const words = Array.from({ length: 10_000 }, (_, n) => {
    const [a, b, c, d] = [...String(n).padStart(4, '0')].map(Number) as [number, number, number, number]
    return a | (b << 8) | (c << 16) | (d << 24)
  })
  return `export const FOURS: usize = memory.data<u32>([\n  ${words.join(',\n  ')}\n])\n`
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
