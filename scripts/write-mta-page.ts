/**
 * Writes the tables of docs/MTA.md from the catalogue: `node dist/scripts/write-mta-page.js`. With --check it only says
 * whether they are what it says, and fails if not.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { areas } from '../src/mta/families/catalogue.js'
import { type AnySpec, LATENCY } from '../src/mta/families/define.js'

const TITLES: Readonly<Record<keyof typeof areas, string>> = {
  smtp: 'Sessions, receptions and deliveries',
  queues: 'Queues',
  messages: 'Messages, spool and log',
  lookups: 'DNS, caches, keys for signing',
  host: 'Process and machine',
  policy: "kumod's policy",
}

const BEGIN = '<!-- catalogue: written by scripts/write-mta-page.ts -->\n'
const END = '<!-- /catalogue -->\n'

const file = fileURLToPath(new URL('../../docs/MTA.md', import.meta.url))
const page = readFileSync(file, 'utf8')
const begin = page.indexOf(BEGIN)
const end = page.indexOf(END)
if (begin < 0 || end < begin) throw new Error(`docs/MTA.md has no ${BEGIN.trim()} and ${END.trim()}`)
const written = page.slice(0, begin + BEGIN.length) + tables() + page.slice(end)
if (!process.argv.includes('--check')) writeFileSync(file, written)
else if (written !== page) {
  console.error('docs/MTA.md is not what the catalogue says: node dist/scripts/write-mta-page.js')
  process.exit(1)
}

function tables(): string {
  return Object.entries<Record<string, AnySpec>>(areas)
    .map(([area, specs]) => `\n### ${TITLES[area as keyof typeof areas]}\n\n${table(specs)}`)
    .join('')
    .concat('\n')
}

function table(specs: Record<string, AnySpec>): string {
  const rows = Object.entries(specs).map(([name, spec]) => {
    const labels = spec.labelNames.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${typeOf(spec)} | ${labels} | ${spec.idle === 'pruned' ? 'yes' : ''} | ${spec.help} |\n`
  })
  return `| metric | type | labels | expires | help |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`
}

function typeOf(spec: AnySpec): string {
  if (spec.type === 'gauge') return `gauge, ${spec.aggregate}`
  if (spec.type === 'histogram' && spec.buckets !== LATENCY) return `histogram: ${spec.buckets.join(', ')}`
  return spec.type
}
