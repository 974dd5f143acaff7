/**
 * Tools that programs are bundled, tested and installed with, of pinned versions: fetched from npm into
 * node_modules/.cache/tools. They are no dependencies: most of them are larger than all of those together.
 *
 * `node dist/scripts/need-tools.js [TOOL…]` fetches some, or all, and prints where they are.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheOf, ifStarted, whole, whyOf } from './need.js'
import { npm } from './npm.js'

/** Exact versions, by name. A tool of which no release runs on all Nodes has several, each with its oldest Node, newest first. */
type Packages = Readonly<Record<string, string>>

const TOOLS = {
  ava: [
    { node: 22, packages: { ava: '8.0.1' } },
    { node: 0, packages: { ava: '6.4.1' } },
  ],
  esbuild: { esbuild: '0.28.2' },
  'grafana-schema': { '@grafana/schema': '13.2.3' },
  jest: { jest: '30.5.2' },
  nest: {
    '@nestjs/cli': '12.0.8',
    '@nestjs/common': '12.5.1',
    '@nestjs/core': '12.5.1',
    '@nestjs/platform-express': '12.5.1',
    '@types/node': '20.19.43',
    'reflect-metadata': '0.2.2',
    rxjs: '7.8.2',
    typescript: '5.9.3',
  },
  pnpm: { pnpm: '10.24.0' },
  postject: { postject: '1.0.0-alpha.6' },
  rollup: {
    '@rollup/plugin-commonjs': '29.0.3',
    '@rollup/plugin-json': '6.1.0',
    '@rollup/plugin-node-resolve': '16.0.3',
    rollup: '4.68.8',
  },
  'ts-node': { '@types/node': '20.19.43', 'ts-node': '10.9.2', typescript: '5.9.3' },
  tsx: { tsx: '4.23.15' },
  'typescript-5.0': { '@types/node': '20.19.43', typescript: '5.0.4' },
  'typescript-5.4': { '@types/node': '20.19.43', typescript: '5.4.5' },
  'typescript-6': { '@types/node': '20.19.43', typescript: '6.0.3' },
  'typescript-7': { '@types/node': '20.19.43', typescript: '7.0.2' },
  vitest: [
    { node: 22, packages: { vitest: '5.1.2' } },
    { node: 0, packages: { vitest: '3.2.4' } },
  ],
  webpack: { webpack: '5.113.0' },
  yarn: { '@yarnpkg/cli-dist': '4.18.1' },
} satisfies Record<string, Packages | readonly { node: number; packages: Packages }[]>

/** Of what a program has to install itself. */
export const NEXT: Packages = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' }

export type Tool = keyof typeof TOOLS

/** The node_modules that a tool is installed in. @throws Error with the reason where it is not to be had. */
export async function needTool(tool: Tool): Promise<string> {
  const packages = packagesOf(tool)
  const manifest = JSON.stringify({ private: true, dependencies: packages })
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, 16)
  const folder = cacheOf(join('tools', `${tool}-${hash}`))
  const modules = join(folder, 'node_modules')
  await whole(folder, async part => {
    await writeFile(join(part, 'package.json'), manifest)
    await npm(['install', '--prefix', part, '--no-audit', '--no-fund', '--no-package-lock'])
  }).catch(error => {
    throw new Error(`npm cannot install ${tool}: ${whyOf(error)}`)
  })
  return modules
}

function packagesOf(tool: Tool): Packages {
  const listed: Packages | readonly { node: number; packages: Packages }[] = TOOLS[tool]
  if (!Array.isArray(listed)) return listed as Packages
  const major = Number.parseInt(process.versions.node, 10)
  return listed.find(({ node }) => major >= node)!.packages
}

await ifStarted(import.meta.url, async () => {
  const wanted = process.argv.slice(2) as Tool[]
  const found: Record<string, string> = {}
  for (const tool of wanted.length > 0 ? wanted : (Object.keys(TOOLS) as Tool[])) {
    if (!(tool in TOOLS)) throw new Error(`no tool "${tool}"; there are ${Object.keys(TOOLS).join(', ')}`)
    found[tool] = await needTool(tool)
  }
  return found
})
