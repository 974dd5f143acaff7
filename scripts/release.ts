/**
 * Makes a release: `node dist/scripts/release.js VERSION`. It publishes nothing: the last line says how.
 *
 *     1. the work tree is clean, the owner's fields of package.json are filled in, CHANGELOG.md has the version
 *     2. version and date are written; everything is built, checked and tested
 *     3. the tarball is packed into dist/release/, with those of Haraka's plugin and of the stand-ins for prom-client and client_js, installed into a fresh project, and used there
 *     4. a commit, and the tag vVERSION
 *
 * With --dry-run files, commit and tag are left as they are, and blanks are only named.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { dated } from './changelog.js'
import { packHarakaPlugin } from './haraka-plugin.js'
import { pack } from './npm.js'
import { smoke } from './smoke.js'
import { packStandIns } from './stand-ins.js'

const usage = `node dist/scripts/release.js VERSION [--dry-run] [--without-tests]`
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'dry-run': { type: 'boolean', default: false },
    'without-tests': { type: 'boolean', default: false },
  },
})
const dry = values['dry-run']
const [version = '', ...others] = positionals
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version) || others.length > 0)
  fail(`${version || 'nothing'} is no version\n${usage}`)

const manifest = JSON.parse(read('package.json'))
const blank = ['homepage', 'author'].filter(name => manifest[name] === '')
for (const name of ['repository', 'bugs']) if (manifest[name]?.url === '') blank.push(name)
if (blank.length > 0) {
  const what = `package.json: ${blank.join(', ')}: blank (CONTRIBUTING.md, "Before the first release")`
  if (dry) console.log(what)
  else fail(what)
}
if (!dry && run('git', 'status', '--porcelain') !== '')
  fail('the work tree has changes that are not committed')
const changelog = dated(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10))

if (!dry) {
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version')
  writeFileSync(join(root, 'CHANGELOG.md'), changelog)
}
step('npm run build', () => show('npm', 'run', 'build'))
step('npm run check', () => show('npm', 'run', 'check'))
if (!values['without-tests']) step('npm test', () => show('npm', 'test'))

const folder = join(root, 'dist/release')
mkdirSync(folder, { recursive: true })
const packed = await pack(root, folder)
const tarball = join(folder, packed.filename)
console.log(`${packed.filename}: ${(packed.unpackedSize / 2 ** 20).toFixed(1)} MiB unpacked`)
const standIns = Object.values(await packStandIns(folder, { version, license: manifest.license }))
for (const file of standIns) console.log(`${basename(file)} stands in for another package`)
const plugin = await packHarakaPlugin(folder, { ...manifest, version })
console.log(`${basename(plugin)} is Haraka's plugin`)
console.log('a fresh project installs and uses it')
await smoke(tarball, { 'haraka-plugin-postmeter': plugin })

if (dry) console.log('it works; nothing was written, committed or tagged')
else {
  run('git', 'commit', '--all', '--message', `Release ${version}`)
  run('git', 'tag', '--annotate', `v${version}`, '--message', version)
  console.log(`to publish: git push --follow-tags && npm publish ${tarball}`)
  console.log(`and: npm publish ${plugin}`)
  for (const file of standIns) console.log(`and, where they are new: npm publish ${file}`)
}

function read(name: string): string {
  return readFileSync(join(root, name), 'utf8')
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function show(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}

function step(what: string, work: () => void): void {
  console.log(`\n=== ${what}`)
  work()
}

function fail(why: string): never {
  console.error(`release: ${why}`)
  process.exit(1)
}
