/**
 * Writes src/memory/offsets.ts from the table of records: `npm run layout`. With --check it only says whether the file is
 * what the table says, and fails if not.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { constants, isText, type Placed, place, type RecordLayout } from '../src/memory/record.js'
import { RECORDS } from '../src/memory/records.js'

const WIDTH = 112
/** Where a row's text begins. */
const MARGIN = 30

const file = fileURLToPath(new URL('../../src/memory/offsets.ts', import.meta.url))
const written = source()
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== written) {
    console.error('src/memory/offsets.ts is not what src/memory/records.ts says: npm run layout')
    process.exit(1)
  }
} else writeFileSync(file, written)

function source(): string {
  const head = `// Written by scripts/write-layout.ts from records.ts: not to be changed by hand.\n`
  return head + RECORDS.map(record => `\n${diagram(record)}\n${exportsOf(record)}\n`).join('')
}

function exportsOf(record: RecordLayout): string {
  return [...constants(record)].map(([name, value]) => `export const ${name} = ${value}`).join('\n')
}

/** What is where, as a comment. */
function diagram(record: RecordLayout): string {
  const { placed, fields } = place(record)
  const bytes = record.room ?? fields * 4
  const rows = placed.map(one =>
    row(rangeOf(one), one.field.doc === 'reserved' ? '' : one.key, one.field.doc),
  )
  if (record.behind !== undefined) rows.push(row(`${fields}..`, '', record.behind))
  const intro = wrapped(`${record.name}, ${bytes.toLocaleString('en-US')} bytes. ${record.doc}`, '')
  return ['/**', ...intro, ' *', ...rows.flat(), ' */'].join('\n')
}

function rangeOf({ at, field }: Placed): string {
  const last = at + field.fields * field.count - 1
  return last === at ? `${at}` : `${at}${last === at + 1 && isText(field) ? ',' : '..'}${last}`
}

function row(range: string, key: string, text: string): string[] {
  const [first, ...more] = wrapped(text, ' '.repeat(MARGIN))
  return [` *     ${range.padEnd(10)}${key.padEnd(16)}${first.slice(3 + MARGIN)}`, ...more]
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ` * ${indent}`
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH) {
      lines.push(line.trimEnd())
      line = ` * ${indent}`
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}
