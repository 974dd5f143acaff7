/**
 * Builds what is published, dist/lib/, from what tsc and build-kernel.ts have left in dist/src/. Rollup joins the modules
 * to a few CommonJS files, which both `require` and `import` load: so a program that does both has one copy of each class.
 *
 *     index.js            for require: hands out what records, and loads what serves at its first call
 *     index.mjs           for import: index.js, with its exports by name
 *     index.d.ts, .d.mts  declarations for both
 *     cli.js              the command `postmeter`
 *     prom-client.*       the same four files of the entry `postmeter/prom-client`
 *     mta.*               likewise of `postmeter/mta`
 *     postmeter-guard.mjs what index.mjs loads first: it refuses a bundle that could not work
 *     postmeter-*.js      the code
 *     postmeter-*.wasm    the kernel and the compressor
 *     postmeter-app-*     the dashboard's page, with postmeter-index-*.html
 *     THIRD-PARTY.txt     licences of what is joined in
 *
 * The last two find each other by name while the program runs. The name holds a hash of the content and of all that it
 * loads, so no file of an application has it, nor one of another release, which npm may put in their place meanwhile.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ManualChunkMeta, type OutputChunk, type Plugin, type RollupLog, rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import { KEEP_EXTERNAL } from '../src/common/files.js'
import { isTerminalKits, minified, TERMINAL_KIT, terminalKit } from './build-terminal-kit.js'
import { writeLicences } from './licences.js'

const dist = fileURLToPath(new URL('..', import.meta.url))
const src = join(dist, 'src')
const lib = join(dist, 'lib')
const index = join(src, 'index.js')
/** Public declarations, from another entry's. */
const PUBLIC = './index.js'
const manifest = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8'))
const dependencies = [
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.optionalDependencies ?? {}),
  ...Object.keys(manifest.peerDependencies ?? {}),
]

const CORE = ['common', 'memory', 'catalogue', 'lifecycle', 'folds', 'series', 'instruments', 'registry']
/** What the registry, and the classes of src/prom-client/, need of other rooms before its first exposition. */
const BESIDE_CORE = [
  'exposition/content-types.js',
  'exposition/options.js',
  'exposition/plan.js',
  'exposition/prefix.js',
  'exposition/span.js',
  'kernel/loader.js',
]
const SCRAPING = ['kernel', 'pool', 'exposition']
/** What only a terminal needs. */
const TERMINAL_CHUNK = 'terminal'

rmSync(lib, { recursive: true, force: true })
mkdirSync(lib)
const entries = await buildCode()
const names = [...entries.recording.names, ...entries.serving.names].sort()
await buildDeclarations('index.d.ts', 'index', names)
await buildDeclarations('prom-client.d.ts', 'prom-client')
await buildDeclarations('mta.d.ts', 'mta', entries.mta.names)
writeEntries(entries)
writePromClient(entries.promClient)
writeEntry('mta', entries.mta)
writeLicences(join(lib, 'THIRD-PARTY.txt'), [...TERMINAL_KIT, 'uplot'])

/** One half of the public interface: its file, and the names that it exports. */
interface Half {
  file: string
  names: string[]
}

interface Entries {
  recording: Half
  serving: Half
  cli: Half
  promClient: Half
  mta: Half
}

async function buildCode(): Promise<Entries> {
  const bundle = await rollup({
    input: {
      recording: 'half:recording',
      serving: 'half:serving',
      cli: join(src, 'cli/main.js'),
      'prom-client': join(src, 'prom-client.js'),
      mta: join(src, 'mta.js'),
    },
    external: isExternal,
    plugins: [halves(), sourceMaps(), files(), ...terminalKit()],
    onLog: failOnLog,
  })
  const { output } = await bundle.write({
    dir: lib,
    format: 'cjs',
    exports: 'named',
    interop: 'auto',
    strict: true,
    sourcemap: true,
    // Names and lines are what a stack shows; the sources are in the repository.
    sourcemapExcludeSources: true,
    generatedCode: 'es2015',
    entryFileNames: 'postmeter-[name]-[hash].js',
    chunkFileNames: 'postmeter-[name]-[hash].js',
    assetFileNames: 'postmeter-[name]-[hash][extname]',
    // No letter that a file system without cases takes for another.
    hashCharacters: 'hex',
    manualChunks,
    // Test runners that have their own module system do not know import() in a CommonJS file.
    dynamicImportInCjs: false,
    plugins: [
      {
        name: 'file-urls',
        resolveFileUrl: ({ fileName }) =>
          `require('node:url').pathToFileURL(require('node:path').join(__dirname, ${JSON.stringify(fileName)})).href`,
        // Rollup's own asks for `document`, which a test of a browser's code has in Node, too.
        resolveImportMeta: property =>
          property === 'url' ? `require('node:url').pathToFileURL(__filename).href` : null,
      },
      minified(TERMINAL_CHUNK),
      withoutMaps(TERMINAL_CHUNK, 'cli'),
    ],
  })
  await bundle.close()
  const half = (name: string): Half => {
    const entry = (one: (typeof output)[number]): one is OutputChunk =>
      one.type === 'chunk' && one.name === name && one.isEntry
    const { fileName, exports } = output.find(entry)!
    return { file: fileName, names: exports }
  }
  return {
    recording: half('recording'),
    serving: half('serving'),
    cli: half('cli'),
    promClient: half('prom-client'),
    mta: half('mta'),
  }
}

/** What records is one file, what makes expositions another; of the front, what several of its entries load is apart. */
function manualChunks(id: string, { getModuleInfo }: ManualChunkMeta): string | undefined {
  // What runs in a thread of its own does so from a file of its own.
  if (getModuleInfo(id)!.isEntry) return undefined
  if (isTerminalKits(id)) return TERMINAL_CHUNK
  const [room] = relative(src, id).split(sep)
  if (CORE.includes(room!) || BESIDE_CORE.includes(relative(src, id))) return 'core'
  return SCRAPING.includes(room!) ? 'scraping' : undefined
}

/** The entries: what index.js exports, in two halves, of which the one from src/front/ and src/push/ is loaded at its first call. */
function halves(): Plugin {
  return {
    name: 'halves',
    resolveId: id => (id.startsWith('half:') ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith('\0half:')) return undefined
      const serving = id === '\0half:serving'
      const code = readFileSync(index, 'utf8')
      return this.parse(code)
        .body.filter(node => node.type === 'ExportNamedDeclaration' && node.source != null)
        .map(node => {
          const { start, source } = node as unknown as {
            start: number
            source: { value: string; start: number }
          }
          const from = join(src, source.value)
          if (/^\.\/(front|push)\//.test(source.value) !== serving) return ''
          return `${code.slice(start, source.start)}${JSON.stringify(from)};`
        })
        .join('\n')
    },
  }
}

/** Gives rollup tsc's source maps, so that a line in dist/lib leads to one in src. */
function sourceMaps(): Plugin {
  return {
    name: 'source-maps',
    load(id) {
      if (!existsSync(`${id}.map`)) return undefined
      return {
        code: readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
        map: JSON.parse(readFileSync(`${id}.map`, 'utf8')),
      }
    },
  }
}

/**
 * What is loaded by its path (Workers, kernel) becomes a file beside the others. A module's own `require` becomes
 * CommonJS' own, which bundlers and test runners see.
 */
function files(): Plugin {
  return {
    name: 'files',
    transform(code, id) {
      const found = code
        .replace(/^const require = createRequire\(import\.meta\.url\);$/m, '')
        .replaceAll(/new URL\('(\.[^']+)', import\.meta\.url\)/g, (_, path: string) => {
          const file = join(dirname(id), path)
          const reference = isAsset(path)
            ? this.emitFile({ type: 'asset', name: basename(path), source: readFileSync(file) })
            : this.emitFile({ type: 'chunk', id: file, name: basename(path, '.js') })
          return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`
        })
      // No map: the lines stay where they are.
      return found === code ? undefined : { code: found, map: null }
    },
  }
}

/**
 * Chunks without a map. Programs have stacks of what they call, and never of these: commands, and what others wrote.
 */
function withoutMaps(...names: string[]): Plugin {
  return {
    name: 'without-maps',
    generateBundle(_, bundle) {
      for (const [file, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk' || !names.includes(chunk.name)) continue
        delete bundle[`${file}.map`]
        chunk.map = null
        chunk.code = chunk.code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n')
      }
    },
  }
}

/** What is read as it is. */
function isAsset(path: string): boolean {
  return path.endsWith('.wasm') || path.includes('/page/')
}

/** `values` are the names that programs get as values, where classes are not among them. */
async function buildDeclarations(input: string, name: string, values?: readonly string[]): Promise<void> {
  const bundle = await rollup({
    input: join(src, input),
    // An entry that has classes of index.d.ts in its declarations must not declare them anew.
    external: id => isExternal(id) || (input !== 'index.d.ts' && id === PUBLIC),
    plugins: [publicTypes(), dts()],
    onLog: failOnLog,
  })
  const { output } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const code = values === undefined ? output[0].code : withTypes(output[0].code, values)
  // TypeScript 6 and later load the types of Node only where they are asked for.
  writeFileSync(join(lib, `${name}.d.ts`), `/// <reference types="node" />\n${code}`)
  writeFileSync(join(lib, `${name}.d.mts`), `export * from './${name}.js'\n`)
}

/** Names the public declarations as they stand beside those of another entry. */
function publicTypes(): Plugin {
  return {
    name: 'public-types',
    resolveId: (id, importer) =>
      importer !== undefined && join(dirname(importer), id) === index
        ? { id: PUBLIC, external: true }
        : undefined,
  }
}

/** Of classes the bundler exports the value, too, which programs do not get: they have registries make metrics. */
function withTypes(code: string, values: readonly string[]): string {
  const found = code.replace(/^export \{ (.*) \};\nexport type \{ (.*) \};$/m, (_, some, types) => {
    const isType = (name: string) => !values.includes(name)
    const all = [...some.split(', ').filter(isType), ...types.split(', ')].sort()
    return `export { ${values.join(', ')} };\nexport type { ${all.join(', ')} };`
  })
  if (found === code) throw new Error('the declarations do not end as expected')
  return found
}

function writeEntries({ recording, serving, cli }: Entries): void {
  writeFileSync(join(lib, 'cli.js'), `#!/usr/bin/env node\n'use strict'\nrequire('./${cli.file}')\n`, {
    mode: 0o755,
  })
  // The package is of ES modules; what is beside this file is not.
  writeFileSync(join(lib, 'package.json'), '{ "type": "commonjs" }\n')
  const required = [
    `'use strict'`,
    `const recording = require('./${recording.file}')`,
    ...recording.names.map(name => `exports.${name} = recording.${name}`),
    '// A thread that only records does not load what serves.',
    ...serving.names.map(
      name =>
        `exports.${name} = function ${name}(...args) { return require('./${serving.file}').${name}(...args) }`,
    ),
  ]
  writeFileSync(join(lib, 'index.js'), `${required.join('\n')}\n`)
  writeFileSync(join(lib, 'postmeter-guard.mjs'), guard())
  writeFileSync(join(lib, 'index.mjs'), importing('index', names))
}

/** prom-client has `contentType`, too, by which the one of `register` is read and set. */
function writePromClient(half: Half): void {
  writeEntry('prom-client', half, [
    `Object.defineProperty(exports, 'contentType', {`,
    '  enumerable: true,',
    '  get: () => exports.register.contentType,',
    '  set: type => exports.register.setContentType(type),',
    '})',
  ])
}

/** The files of an entry beside index.js: for require, and for import. */
function writeEntry(name: string, { file, names }: Half, more: readonly string[] = []): void {
  const required = [
    `'use strict'`,
    `const entry = require('./${file}')`,
    ...names.map(exported => `exports.${exported} = entry.${exported}`),
    ...more,
  ]
  writeFileSync(join(lib, `${name}.js`), `${required.join('\n')}\n`)
  writeFileSync(join(lib, `${name}.mjs`), importing(name, names))
}

/** The names of an entry, for import. What `require` gives is the default export. */
function importing(name: string, names: readonly string[]): string {
  return [
    `import './postmeter-guard.mjs'`,
    `import entry from './${name}.js'`,
    `export const { ${names.join(', ')} } = entry`,
    '',
  ].join('\n')
}

/**
 * Runs before index.js is loaded, and throws in a bundle of ES modules: there neither `require` nor `__dirname` is what
 * CommonJS has, and the bundler's own error would not say what to do.
 */
function guard(): string {
  const message = `postmeter cannot be bundled into an ES module: ${KEEP_EXTERNAL}`
  return [
    // Loaders put a query behind it.
    String.raw`if (!/\/postmeter-guard\.mjs(\?|#|$)/.test(import.meta.url)) {`,
    '  try {',
    // Where a bundler puts a function of its own in the place of this one, `typeof` would not show it.
    `    require('node:module')`,
    '  } catch {',
    `    throw Object.assign(new Error(${JSON.stringify(message)}), { code: 'ERR_POSTMETER_FILES' })`,
    '  }',
    '}',
    '',
  ].join('\n')
}

function isExternal(id: string): boolean {
  return id.startsWith('node:') || dependencies.some(name => id === name || id.startsWith(`${name}/`))
}

/** Whatever rollup has to say (a circle, a module that is not found) is a mistake here. */
function failOnLog(_: string, log: RollupLog): void {
  // Circles of others are theirs: as CommonJS modules they run in the order that they always had.
  if (log.code === 'CIRCULAR_DEPENDENCY' && log.ids?.every(isTerminalKits)) return
  throw new Error(log.message)
}
