import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { choose, type Platform } from '../../src/front/transports/choose.js'

/** Linux on x64 with Node 20 and the repack for npm, unless said otherwise. */
function here(more: Partial<Platform> = {}, files: string[] = []): Platform {
  const paths = new Set(['/m/uWebSockets.js/package.json', '/app/uWebSockets.js/package.json', ...files])
  return {
    mainThread: true,
    platform: 'linux',
    arch: 'x64',
    abi: '115',
    found: () => ['/m/uWebSockets.js/src/uws.js'],
    exists: path => paths.has(path),
    list: folder =>
      [...paths].filter(path => dirname(path) === folder).map(path => path.slice(folder.length + 1)),
    versionIn: path => (path.startsWith('/app/') ? '20.57.0' : '20.30.0-unofficial.0'),
    glibc: () => true,
    glibcVersion: () => '2.36',
    wantedGlibc: path => (path.startsWith('/app/') ? '2.38' : '2.27'),
    ...more,
  }
}

const REPACK = '/m/uWebSockets.js/binaries/uws_linux_x64_115.node'
const OFFICIAL = '/app/uWebSockets.js/uws_linux_x64_137.node'
const release = '20.30.0-unofficial.0'

t.test('the native part is loaded where it fits', async t => {
  t.same(choose(here({}, [REPACK])), { transport: 'uws', native: REPACK, release })
  const dist = '/m/uWebSockets.js/dist/uws_linux_x64_115.node'
  t.same(choose(here({}, [dist])), { transport: 'uws', native: dist, release })
  t.same(
    choose(
      here({ abi: '137', found: () => ['/app/uWebSockets.js/uws.js'], glibcVersion: () => '2.41' }, [
        OFFICIAL,
      ]),
    ),
    { transport: 'uws', native: OFFICIAL, release: '20.57.0' },
    'the official release has its parts at the top',
  )
  const mac = '/m/uWebSockets.js/binaries/uws_darwin_arm64_115.node'
  const no = () => t.fail('libc is not asked for elsewhere') as never
  t.same(
    choose(here({ platform: 'darwin', arch: 'arm64', glibc: no, glibcVersion: no, wantedGlibc: no }, [mac])),
    { transport: 'uws', native: mac, release },
  )
  t.equal(
    choose(here({ glibcVersion: () => undefined }, [REPACK])).transport,
    'uws',
    'a glibc of unknown version: loading it shows',
  )
})

t.test('of several installed packages, the first that fits', async t => {
  const both = { found: () => ['/m/uWebSockets.js/src/uws.js', '/app/uWebSockets.js/uws.js'] }
  t.match(choose(here({ ...both, abi: '137', glibcVersion: () => '2.41' }, [REPACK, OFFICIAL])), {
    native: OFFICIAL,
  })
  t.match(choose(here({ ...both, abi: '115' }, [REPACK, OFFICIAL])), { native: REPACK })
  t.match(
    choose(here({ ...both, abi: '137' }, [REPACK, OFFICIAL])),
    { transport: 'http', why: /20\.30\.0-unofficial\.0 has no native part/ },
    'where none fits, it is said of the first',
  )
})

t.test('elsewhere it is node:http, with the reason', async t => {
  const rows: [Platform, RegExp][] = [
    [
      here({ abi: '137' }, [
        REPACK,
        '/m/uWebSockets.js/binaries/uws_linux_x64_93.node',
        '/m/uWebSockets.js/binaries/uws_linux_arm64_127.node',
        '/m/uWebSockets.js/dist/uws_linux_x64_115.node',
        '/m/uWebSockets.js/dist/uws_linux_x64_999.node',
      ]),
      /^the installed uWebSockets\.js 20\.30\.0-unofficial\.0 has no native part for Node 24 on linux x64 \(uws_linux_x64_137\.node\); it has those for Node 16, Node 20 and ABI 999$/,
    ],
    [
      here({ platform: 'freebsd' }, [REPACK]),
      /no native part for Node 20 on freebsd x64.*none for this platform$/,
    ],
    [here({ glibc: () => false }, [REPACK]), /wants the C library glibc/],
    [
      here({ abi: '137', found: () => ['/app/uWebSockets.js/uws.js'] }, [OFFICIAL]),
      /^the installed uWebSockets\.js 20\.57\.0 wants glibc 2\.38 or later, and this system has 2\.36$/,
    ],
    [here({ mainThread: false }, [REPACK]), /main thread/],
    [here({ found: () => [] }), /not installed/],
    // A file of the right name outside of the package is none of its.
    [here({}, ['/m/uws_linux_x64_115.node', '/m/binaries/uws_linux_x64_115.node']), /no native part/],
  ]
  for (const [surroundings, why] of rows) {
    const choice = choose(surroundings)
    t.equal(choice.transport, 'http')
    t.match(choice.transport === 'http' ? choice.why : '', why)
  }
})

t.test('it is found wherever the application put it', async t => {
  const top = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(top, { recursive: true }))
  const built = fileURLToPath(new URL('../../src/', import.meta.url))
  // postmeter is linked from a folder of its own, as `npm link` does: Node resolves it to there.
  cpSync(built, join(top, 'linked/src'), { recursive: true })
  writeFileSync(join(top, 'linked/package.json'), '{ "type": "module" }')
  const install = (where: string, name: string): string => {
    const folder = join(top, where, 'node_modules/uWebSockets.js')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.2.3', main: 'uws.js' }))
    writeFileSync(join(folder, 'uws.js'), 'process.exit(9)')
    writeFileSync(join(folder, `uws_${process.platform}_${process.arch}_${name}.node`), '')
    return folder
  }
  const program = (where: string): string => {
    mkdirSync(join(top, where), { recursive: true })
    const path = join(top, where, 'main.mjs')
    const choose = JSON.stringify(join(top, 'linked/src/front/transports/choose.js'))
    writeFileSync(path, `import { choose } from ${choose}\nconsole.log(JSON.stringify(choose()))`)
    return path
  }
  const run = (path: string, cwd: string) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [path], { cwd, encoding: 'utf8' })
    t.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }
  const abi = process.versions.modules
  const app = program('app/dist')
  t.match(run(app, top), { transport: 'http', why: /is not installed/ })
  const old = install('app', '1')
  t.match(
    run(app, top),
    { transport: 'http', why: /1\.2\.3 has no native part for Node \d+ .* it has those for ABI 1$/ },
    'beside the program that was started',
  )
  symlinkSync(app, join(top, 'link.mjs'))
  t.match(run(join(top, 'link.mjs'), top), { why: /1\.2\.3/ }, 'through a link')
  rmSync(old, { recursive: true })
  const fits = install('app', abi)
  const inApp = process.platform === 'linux' && run(app, top).transport === 'http' ? [] : [fits]
  for (const folder of inApp) t.match(run(app, top), { transport: 'uws', native: RegExp(`^${folder}`) })
  const elsewhere = program('elsewhere')
  t.match(run(elsewhere, top), { why: /is not installed/ })
  for (const folder of inApp)
    t.match(run(elsewhere, join(top, 'app')), { native: RegExp(`^${folder}`) }, 'in the working directory')
  // Beside postmeter itself it is preferred.
  const beside = install('linked', abi)
  for (const _ of inApp) t.match(run(app, top), { native: RegExp(`^${beside}`) })
})
