/**
 * haraka-plugin-postmeter, the package that Haraka's users install: what src/haraka-plugin/ compiles to, as one CommonJS
 * file, for that is how Haraka loads a plugin. It has postmeter's version, and depends on it.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, rollup } from 'rollup'
import { pack } from './npm.js'

const NAME = 'haraka-plugin-postmeter'
const src = fileURLToPath(new URL('../src', import.meta.url))
const FILES = fileURLToPath(new URL('../../src/haraka-plugin/package', import.meta.url))
/** Entries of postmeter, which the plugin finds as a package. */
const ENTRIES: Readonly<Record<string, string>> = {
  [join(src, 'index.js')]: 'postmeter',
  [join(src, 'mta.js')]: 'postmeter/mta',
}

export interface Manifest {
  readonly version: string
  readonly license: string
  readonly engines?: object
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Writes the package's files, and returns where. */
export async function writeHarakaPlugin(into: string, postmeter: Manifest): Promise<string> {
  const { version, license, engines, peerDependencies = {} } = postmeter
  const folder = join(into, NAME)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(FILES, folder, { recursive: true })
  const manifest = {
    name: NAME,
    version,
    description: "Counts what Haraka does, in all of its processes, under the names of KumoMTA's metrics",
    license,
    keywords: ['haraka', 'haraka-plugin', 'metrics', 'prometheus'],
    main: 'index.js',
    files: ['index.js', 'config'],
    engines,
    dependencies: { postmeter: `^${version}` },
    // Haraka has workers unless it is told otherwise, and those need shared memory.
    optionalDependencies: { koffi: peerDependencies.koffi },
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  const bundle = await rollup({
    input: join(src, 'haraka-plugin/index.js'),
    external: id => id.startsWith('node:'),
    plugins: [packages()],
    onLog: (_, { message }) => {
      throw new Error(message)
    },
  })
  const format = { format: 'cjs', exports: 'named', strict: true, esModule: false } as const
  await bundle.write({
    file: join(folder, 'index.js'),
    generatedCode: { preset: 'es2015', symbols: false },
    ...format,
  })
  await bundle.close()
  return folder
}

/** Packs it; returns the tarball. */
export async function packHarakaPlugin(into: string, postmeter: Manifest): Promise<string> {
  const { filename } = await pack(await writeHarakaPlugin(into, postmeter), into)
  return join(into, filename)
}

function packages(): Plugin {
  return {
    name: 'packages',
    resolveId: (id, importer) => {
      const entry = importer && ENTRIES[join(dirname(importer), id)]
      return entry ? { id: entry, external: true } : undefined
    },
  }
}
