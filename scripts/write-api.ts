/**
 * Writes docs/API.md from the doc comments of what src/index.ts exports: `npm run api`. With --check it only says whether
 * the file is what they say, and fails if not.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, LogLevel } from 'typedoc'

const HEAD = `# API

<!-- Written by scripts/write-api.ts from the doc comments in src/: not to be changed by hand. -->

What \`postmeter\` exports. [README](../README.md) says how it is used, [METRICS](METRICS.md) what each type of metric is for.
`

const file = fileURLToPath(new URL('../../docs/API.md', import.meta.url))
const written = HEAD + condensed(await reference())
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== written) {
    console.error('docs/API.md is not what the doc comments say: npm run api')
    process.exit(1)
  }
} else writeFileSync(file, written)

/** All that the plugin makes of the exports: one page. */
async function reference(): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), 'postmeter-api-'))
  try {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const options = {
      out,
      entryPoints: [join(root, 'src/index.ts')],
      tsconfig: join(root, 'tsconfig.json'),
      plugin: ['typedoc-plugin-markdown'],
      router: 'module',
      readme: 'none',
      githubPages: false,
      logLevel: LogLevel.Error,
      disableSources: true,
      disableGit: true,
      excludePrivate: true,
      excludeProtected: true,
      excludeInternal: true,
      hidePageHeader: true,
      hidePageTitle: true,
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      // What a reader of the page can see from the signature above it.
      tableColumnSettings: { hideInherited: true, hideOverrides: true, hideSources: true },
    }
    // The plugin adds options of its own, which typedoc's type does not know.
    const app = await Application.bootstrapWithPlugins(
      options as Parameters<typeof Application.bootstrapWithPlugins>[0],
    )
    const project = await app.convert()
    if (project === undefined) throw new Error('typedoc could not read src/index.ts')
    await app.generateOutputs(project)
    if (app.logger.hasErrors()) throw new Error('typedoc reported errors')
    return readFileSync(join(out, 'README.md'), 'utf8')
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** Without what repeats the signature, or says where in src/ something is inherited from. */
function condensed(page: string): string {
  return page
    .replace(/\n#+ Returns\n\n`void`\n/g, '')
    .replace(
      /\n#+ (Inherited from|Overrides|Extends|Type Parameters|Implementation of)\n[^#]*?(?=\n#|\n\*\*\*|$)/g,
      '',
    )
    .replace(/\n{3,}/g, '\n\n')
}
