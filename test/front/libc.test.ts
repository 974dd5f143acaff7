import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { glibcVersion, usesGlibc, wantedGlibc } from '../../src/front/transports/libc.js'
import { isBefore } from '../../src/front/transports/versions.js'

const folder = mkdtempSync(join(tmpdir(), 'postmeter-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
  .header

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content, 'latin1')
  return path
}

t.test('which C library a program asks for', async t => {
  /** The smallest program with a loader, of 64 or 32 bits, its loader's name at the end of the file. */
  const program = (loader: string, { wide = true, little = true } = {}): string => {
    const bytes = Buffer.alloc(10_000)
    const put = (value: number, at: number, length: number) =>
      little ? bytes.writeUIntLE(value, at, length) : bytes.writeUIntBE(value, at, length)
    const offset = (value: number, at: number) => put(value, wide && !little ? at + 4 : at, 4)
    bytes.write('\x7fELF', 'latin1')
    bytes[4] = wide ? 2 : 1
    bytes[5] = little ? 1 : 2
    const size = wide ? 56 : 32
    offset(100, wide ? 32 : 28)
    put(size, wide ? 54 : 42, 2)
    put(2, wide ? 56 : 44, 2)
    put(1, 100, 4)
    put(3, 100 + size, 4)
    offset(9000, 100 + size + (wide ? 8 : 4))
    offset(loader.length + 1, 100 + size + (wide ? 32 : 16))
    bytes.write(`${loader}\0more`, 9000, 'latin1')
    return file('program', bytes.toString('latin1'))
  }
  t.equal(usesGlibc(program('/lib64/ld-linux-x86-64.so.2')), true)
  t.equal(usesGlibc(program('/lib/ld-linux-aarch64.so.1')), true)
  t.equal(usesGlibc(program('/lib/ld-linux-armhf.so.3', { wide: false })), true)
  t.equal(usesGlibc(program('/lib64/ld64.so.1', { little: false })), true)
  t.equal(usesGlibc(program('/lib/ld.so.1', { wide: false, little: false })), false)
  t.equal(usesGlibc(program('/nix/store/x-glibc-2.40/lib/ld-linux-x86-64.so.2')), true)
  t.equal(usesGlibc(program('/lib/ld-musl-x86_64.so.1')), false)
  t.equal(usesGlibc(file('short', '\x7fELF\x02\x01')), false)
  t.equal(usesGlibc(file('text', '#!/bin/sh\n/lib64/ld-linux-x86-64.so.2\0')), false)
  t.equal(usesGlibc(join(folder, 'nowhere')), false)
  if (process.platform === 'linux') t.equal(usesGlibc(process.execPath), glibcVersionRuntime !== undefined)
})

t.test('which version of glibc runs', async t => {
  if (process.platform === 'linux') t.equal(glibcVersion(), glibcVersionRuntime, "as Node's own report says")
  const libc = file(
    'libc.so.6',
    '\x7fELF\0GNU C Library (Ubuntu GLIBC 2.39-0ubuntu8) stable release version 2.39.\nCopyright',
  )
  const line = (path: string) => `7f00-7f01 r-xp 00026000 fe:00 339380                     ${path}\n`
  t.equal(
    glibcVersion(file('maps', `${line('/usr/bin/node')}${line(libc)}7f02-7f03 rw-p 0 00:00 0\n`)),
    '2.39',
  )
  t.equal(glibcVersion(file('maps', line('/usr/bin/node'))), undefined)
  t.equal(glibcVersion(file('maps', line('/gone/libc.so.6'))), undefined, 'its file is gone')
  t.equal(glibcVersion(file('maps', line(`${libc} (deleted)`))), undefined, 'its file was replaced')
  t.equal(glibcVersion(join(folder, 'nowhere')), undefined, 'a system without /proc')
})

t.test('which version of glibc a native part wants', async t => {
  t.equal(
    wantedGlibc(
      file('part', '\0GLIBC_2.2.5\0libm.so.6\0GLIBC_2.38\0GLIBC_2.9\0GLIBC_PRIVATE\0GLIBC_2.99 text'),
    ),
    '2.38',
  )
  t.equal(wantedGlibc(file('part', 'nothing of it')), undefined)
  t.equal(wantedGlibc(join(folder, 'nowhere')), undefined)
})

t.test('which of two versions is older', async t => {
  t.equal(isBefore('2.9', '2.36'), true)
  t.equal(isBefore('2.36', '2.9'), false)
  t.equal(isBefore('2.36', '2.36'), false)
  t.equal(isBefore('20.57.0', '20.64'), true)
  t.equal(isBefore('20.64.0', '20.64'), false)
  t.equal(isBefore('20.30.0-unofficial.0', '20.64'), true)
  t.equal(isBefore('21.0.0', '20.64'), false)
})
