/**
 * Builds the dashboard's page, dist/page/, from src/front/page/: index.html, app.js and app.css, all that a browser loads.
 * tsc checks the sources against the browser's own types and leaves modules in dist/browser/; rollup joins them with uPlot.
 * Fails where the three together are more than a page may be that is opened over a slow line in an emergency.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { type Plugin, rollup } from 'rollup'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sources = join(root, 'src/front/page')
const modules = join(root, 'dist/browser/src/front/page')
const page = join(root, 'dist/page')
/** Its types are those of CommonJS, which TypeScript takes it for. */
const minified = terser as unknown as typeof terser.default
const MOST_BYTES = 100_000

compile(join(sources, 'tsconfig.json'))
rmSync(page, { recursive: true, force: true })
mkdirSync(page, { recursive: true })
copyFileSync(join(sources, 'index.html'), join(page, 'index.html'))
writeFileSync(join(page, 'app.css'), joinedStyles())
await joinModules()
checkSize()

function compile(config: string): void {
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: problem => fail([problem]),
  }
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, host)!
  const program = ts.createProgram(parsed.fileNames, parsed.options)
  const problems = [...parsed.errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics]
  if (problems.length > 0) fail(problems)
}

function fail(problems: readonly ts.Diagnostic[]): never {
  const host: ts.FormatDiagnosticsHost = {
    getCanonicalFileName: name => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  }
  console.error(ts.formatDiagnostics(problems, host))
  process.exit(1)
}

async function joinModules(): Promise<void> {
  const bundle = await rollup({
    input: join(modules, 'app.js'),
    plugins: [nodeResolve({ browser: true }), withoutIntl()],
    onLog: (_, log) => {
      throw new Error(log.message)
    },
  })
  await bundle.write({
    file: join(page, 'app.js'),
    format: 'es',
    plugins: [minified({ module: true, ecma: 2020, format: { comments: false } })],
  })
  await bundle.close()
}

/**
 * uPlot asks Intl for the time zone and for a format of numbers when it is loaded, whether they are used or not. The page
 * has formats of its own; and to load Intl takes a browser longer than all else that the page does at its start.
 */
function withoutIntl(): Plugin {
  const replaced = [
    ["new Intl.NumberFormat(domEnv ? nav.language : 'en-US')", '{ format: String }'],
    ['new Intl.DateTimeFormat().resolvedOptions().timeZone', 'undefined'],
  ] as const
  return {
    name: 'without-intl',
    transform(code, id) {
      if (!id.includes('/uplot/')) return undefined
      for (const [text, by] of replaced) {
        if (!code.includes(text)) throw new Error(`uPlot has no ${text} any more`)
        code = code.replace(text, by)
      }
      return { code, map: null }
    },
  }
}

/** uPlot's, then the page's own, which may overrule it; without what is for people. */
function joinedStyles(): string {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  const files = [join(uplot, 'dist/uPlot.min.css'), join(sources, 'app.css')]
  return files
    .map(file => readFileSync(file, 'utf8').trim())
    .join('\n')
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\n\s*/g, '\n')
}

function checkSize(): void {
  const sizes = ['index.html', 'app.js', 'app.css'].map(
    name => gzipSync(readFileSync(join(page, name)), { level: 9 }).length,
  )
  const size = sizes.reduce((sum, one) => sum + one, 0)
  if (size <= MOST_BYTES) return
  console.error(
    `the dashboard's page has ${size} bytes, compressed (${sizes.join(' + ')}), where ${MOST_BYTES} are allowed`,
  )
  process.exit(1)
}
