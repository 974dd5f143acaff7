/**
 * Packages that stand in for prom-client and client_js: npm puts them in their place by an alias or `overrides`, which
 * resolve to a package's main entry and are checked against the versions that others ask for. Each has nothing but
 * postmeter's entry under the names of the one that it stands in for.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pack } from './npm.js'

export interface StandIn {
  /** Its own name, behind `npm:` in an alias. */
  readonly name: string
  /** The package that it stands in for. */
  readonly for: string
  /** That of the release whose interface it has. */
  readonly version: string
  /** Names that are another class there. */
  readonly renamed: Readonly<Record<string, string>>
  /** What its declarations say beyond postmeter's. */
  readonly types: string
}

export const STAND_INS: readonly StandIn[] = [
  { name: 'postmeter-prom-client', for: 'prom-client', version: '15.1.3', renamed: {}, types: '' },
  {
    name: 'postmeter-client-js',
    for: '@prometheus-io/client',
    version: '0.16.1',
    renamed: { AggregatorRegistry: 'ClusterRegistry', collectDefaultMetrics: 'collectClientJsMetrics' },
    types: `declare module 'postmeter/prom-client' {
  interface StandIn {
    names: true
  }
}
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'
`,
  },
]

/** Writes a stand-in's files, and returns where. `entry` is the built entry, whose names it has. */
export function writeStandIn(
  standIn: StandIn,
  into: string,
  postmeter: { version: string; license: string },
): string {
  const { name, version, renamed, types } = standIn
  const folder = join(into, name)
  mkdirSync(folder, { recursive: true })
  const manifest = {
    name,
    version,
    description: `postmeter in the place of ${standIn.for}`,
    license: postmeter.license,
    main: './index.js',
    types: './index.d.ts',
    files: ['index.js', 'index.d.ts'],
    dependencies: { postmeter: `^${postmeter.version}` },
  }
  const names = entryNames().map(name => `exports.${name} = client.${renamed[name] ?? name}`)
  const code = [
    `'use strict'`,
    `const client = require('postmeter/prom-client')`,
    ...names,
    `Object.defineProperty(exports, 'contentType', {`,
    '  enumerable: true,',
    '  get: () => client.contentType,',
    '  set: type => {',
    '    client.contentType = type',
    '  },',
    '})',
    '',
  ]
  const renames = Object.entries(renamed).map(
    ([name, other]) => `export { ${other} as ${name} } from 'postmeter/prom-client'\n`,
  )
  const files = {
    'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
    'index.js': code.join('\n'),
    'index.d.ts': `export * from 'postmeter/prom-client'\n${renames.join('')}${types}`,
    'README.md': `# ${name}\n\n${manifest.description}: see postmeter's page on programs written for prom-client.\n`,
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return folder
}

/** Packs all of them; returns their tarballs by the package that each stands in for. */
export async function packStandIns(
  into: string,
  postmeter: { version: string; license: string },
): Promise<Record<string, string>> {
  const packed: Record<string, string> = {}
  for (const standIn of STAND_INS) {
    const { filename } = await pack(writeStandIn(standIn, into, postmeter), into)
    packed[standIn.for] = join(into, filename)
  }
  return packed
}

function entryNames(): string[] {
  const require = createRequire(import.meta.url)
  return Object.keys(require('../lib/prom-client.js')).filter(name => name !== 'contentType')
}
