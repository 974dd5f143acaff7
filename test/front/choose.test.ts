import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { choose, type Platform, usesGlibc } from '../../src/front/transports/choose.js'

/** Linux on x64 with Node 20 and the repack for npm, unless said otherwise. */
function here(more: Partial<Platform> = {}, files: string[] = []): Platform {
  const paths = new Set(['/m/uWebSockets.js/package.json', ...files])
  return {
    mainThread: true,
    platform: 'linux',
    arch: 'x64',
    abi: '115',
    glibc: () => true,
    resolve: () => '/m/uWebSockets.js/src/uws.js',
    exists: path => paths.has(path),
    ...more,
  }
}

const REPACK = '/m/uWebSockets.js/binaries/uws_linux_x64_115.node'

t.test('the native part is loaded where it fits', async t => {
  t.same(choose(here({}, [REPACK])), { transport: 'uws', native: REPACK })
  const dist = '/m/uWebSockets.js/dist/uws_linux_x64_115.node'
  t.same(choose(here({}, [dist])), { transport: 'uws', native: dist })
  const official = '/m/uWebSockets.js/uws_linux_x64_137.node'
  t.same(
    choose(here({ abi: '137', resolve: () => '/m/uWebSockets.js/uws.js' }, [official])),
    { transport: 'uws', native: official },
    'the official release has its parts at the top',
  )
  const mac = '/m/uWebSockets.js/binaries/uws_darwin_arm64_115.node'
  const asked = {
    glibc: () => t.fail('libc is not asked for elsewhere') as never,
  }
  t.same(choose(here({ platform: 'darwin', arch: 'arm64', ...asked }, [mac])), {
    transport: 'uws',
    native: mac,
  })
})

t.test('elsewhere it is node:http, with the reason', async t => {
  const rows: [Platform, RegExp][] = [
    [here({ abi: '137' }, [REPACK]), /no native part for linux x64 and ABI 137 \(uws_linux_x64_137\.node\)/],
    [here({ platform: 'freebsd' }, [REPACK]), /no native part for freebsd x64/],
    [here({ glibc: () => false }, [REPACK]), /not glibc/],
    [here({ mainThread: false }, [REPACK]), /main thread/],
    [
      here({
        resolve: () => {
          throw new Error('none')
        },
      }),
      /not installed/,
    ],
    // A file of the right name outside of the package is none of its.
    [here({}, ['/m/uws_linux_x64_115.node', '/m/binaries/uws_linux_x64_115.node']), /no native part/],
  ]
  for (const [surroundings, why] of rows) {
    const choice = choose(surroundings)
    t.equal(choice.transport, 'http')
    t.match(choice.transport === 'http' ? choice.why : '', why)
  }
})

t.test('which C library a program asks for', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const program = (interpreter: string): string => {
    const path = join(folder, 'program')
    writeFileSync(path, `\x7fELF${'\0'.repeat(60)}${interpreter}\0more`, 'latin1')
    return path
  }
  t.equal(usesGlibc(program('/lib64/ld-linux-x86-64.so.2')), true)
  t.equal(usesGlibc(program('/lib/ld-linux-aarch64.so.1')), true)
  t.equal(usesGlibc(program('/lib/ld-linux-armhf.so.3')), true)
  t.equal(usesGlibc(program('/nix/store/x-glibc-2.40/lib/ld-linux-x86-64.so.2')), true)
  t.equal(usesGlibc(program('/lib/ld-musl-x86_64.so.1')), false)
  writeFileSync(join(folder, 'text'), '#!/bin/sh\n/lib64/ld-linux-x86-64.so.2\0')
  t.equal(usesGlibc(join(folder, 'text')), false)
  t.equal(usesGlibc(join(folder, 'nowhere')), false)
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header
  if (process.platform === 'linux') t.equal(usesGlibc(process.execPath), glibcVersionRuntime !== undefined)
})
