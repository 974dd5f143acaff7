/**
 * Writes what a bench run found: the comparison with other libraries into README.md, between its two marks, its plot into
 * docs/figures.svg, and all figures into docs/FIGURES.md:
 *
 *     node dist/scripts/bench-lts.js && node dist/scripts/readme-figures.js
 *
 * or of another run than the last whole one: node dist/scripts/readme-figures.js FILE
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { comparison, figuresPage, pictureOf } from '../bench/report/markdown.js'
import type { Run } from '../bench/report/run.js'
import { fetchNode } from './node-lts.js'

const BEGIN = '<!-- figures -->'
const END = '<!-- /figures -->'
const PICTURE = 'docs/figures.svg'
const root = new URL('../../', import.meta.url)

const file = process.argv[2] ?? 'bench-report/figures.json'
const run: Run = JSON.parse(readFileSync(file, 'utf8'))
if (run.quick) fail(`${file} is of a quick run, whose figures mean nothing`)
// Most have that Node, or will.
const lts = execFileSync(await fetchNode('lts'), ['--version'], { encoding: 'utf8' }).trim()
if (majorOf(run.machine.node) !== majorOf(lts))
  fail(`${file} is of Node ${run.machine.node}, and the newest LTS is ${lts}: run bench-lts.js`)
const picture = await pictureOf(run)
if (picture === undefined) fail(`${file} has neither recording nor encoding in it`)
const readme = new URL('README.md', root)
const text = readFileSync(readme, 'utf8')
const begin = text.indexOf(BEGIN)
const end = text.indexOf(END)
if (begin === -1 || end < begin) fail(`README.md has no place for figures: ${BEGIN} … ${END}`)
mkdirSync(new URL('docs/', root), { recursive: true })
writeFileSync(
  readme,
  `${text.slice(0, begin + BEGIN.length)}\n${comparison(run, PICTURE)}\n${text.slice(end)}`,
)
writeFileSync(new URL(PICTURE, root), picture)
writeFileSync(new URL('docs/FIGURES.md', root), figuresPage(run))

function majorOf(version: string): string | undefined {
  return version.split('.')[0]
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
