import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { pack } from '../../scripts/npm.js'

const run = promisify(execFile)

export const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** A folder of somebody else's program that has postmeter installed from its tarball. */
export interface Consumer {
  readonly folder: string
  /** The tarball that npm packed. */
  readonly tarball: string
  /** Paths in the package, as npm packed them. */
  readonly files: readonly string[]
  /** Runs `node ARGS` there; rejects, with what it wrote, if it does not end well. */
  node(...args: string[]): Promise<{ stdout: string; stderr: string }>
}

/**
 * Packs this package as `npm publish` would and puts it into a folder of its own, with the dependencies that it
 * declares and no others. No registry is asked: the dependencies are links to those installed here.
 */
export async function makeConsumer(t: Test): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'postmeter-package-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const contents = await pack(repository, folder)
  const home = join(folder, 'node_modules', 'postmeter')
  await mkdir(home, { recursive: true })
  await run('tar', ['-xzf', join(folder, contents.filename), '-C', home, '--strip-components=1'])

  // Its own, or node would look above it for one, and find whose folder that is.
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  for (const name of Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
  })) {
    await link(name, folder)
  }
  return {
    folder,
    tarball: join(folder, contents.filename),
    files: contents.files.map(file => file.path),
    node: (...args) => run(process.execPath, args, { cwd: folder }),
  }
}

/** Makes a package that is installed here one of the consumer's. */
export async function link(name: string, folder: string): Promise<void> {
  const from = join(repository, 'node_modules', name)
  // An optional dependency may be missing here, as it may be there.
  if (!(await readdir(dirname(from))).includes(name.split('/').at(-1)!)) return
  const to = join(folder, 'node_modules', name)
  await mkdir(dirname(to), { recursive: true })
  await symlink(from, to)
}
