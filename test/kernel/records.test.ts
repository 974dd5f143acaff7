/** The kernel's view of the records: laid out as the table says, or refused when the kernel is built. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'
import t from 'tap'
import { recordsSource } from '../../scripts/kernel-records.js'
import { i32, list, type RecordLayout, ref, reserved, text } from '../../src/memory/record.js'
import { RECORDS } from '../../src/memory/records.js'

async function compile(dir: string, source: string): Promise<string> {
  let errors = ''
  const { error, stderr } = await asc.main(
    ['records.ts', '--outFile', 'records.wasm', '--baseDir', dir, '--runtime', 'stub', '--disableWarning'],
    {
      readFile: (name, base) => (name === 'records.ts' ? source : read(join(base, name))),
      writeFile: () => {},
    },
  )
  if (error !== null) errors = stderr.toString()
  return errors
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

t.test('views of all records are compiled', async t => {
  t.equal(await compile(t.testdir(), recordsSource(RECORDS)), '')
})

t.test('a view that is laid out otherwise is refused, by the name of the field', async t => {
  const source = recordsSource(RECORDS)
  const errors = await compile(t.testdir(), source.replace('  hash: i32', '  hash: i64'))
  t.match(errors, /Place: text is not where records.ts has it/)
  t.match(errors, /Place: of another size than in records.ts/)
})

t.test('a value is a field, atomic in `shared`; all else is where it begins', async t => {
  const record: RecordLayout = {
    ...{ name: 'Thing', prefix: 'THING', size: ['THING_WORDS', 'words'], doc: '' },
    behind: 'things',
    fields: { state: i32(''), next: ref(''), name: text(''), bits: list(3, i32('')), reserved: reserved() },
  }
  const source = recordsSource([record])
  for (const line of [
    '  state: i32',
    '  next: u32',
    '  name: u32',
    '  nameBytes: i32',
    '  get bits(): usize { return changetype<usize>(this) + 16 }',
    '  get behind(): usize { return changetype<usize>(this) + 32 }',
    '  get next(): u32 { return atomic.load<u32>(changetype<usize>(this), 4) }',
  ]) {
    t.ok(source.includes(`${line}\n`), line)
  }
  t.equal(await compile(t.testdir(), source), '')
})
