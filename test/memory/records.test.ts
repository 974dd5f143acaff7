/** Records: offsets follow from the order of the fields, and what cannot be laid out so is refused. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import {
  bytes,
  constants,
  f64,
  i32,
  i64,
  list,
  place,
  type RecordLayout,
  reserved,
  text,
} from '../../src/memory/record.js'
import { RECORDS } from '../../src/memory/records.js'

const record = (fields: RecordLayout['fields'], more: Partial<RecordLayout> = {}): RecordLayout => ({
  ...{ name: 'Record', prefix: 'R', size: ['RECORD_WORDS', 'words'], doc: '', fields },
  ...more,
})

t.test('each offset follows from the field before', async t => {
  const all = constants(
    record({
      state: i32(''),
      expireAfter: i32(''),
      birth: f64(''),
      name: text(''),
      drops: list(3, i64('')),
      part: bytes(16, ''),
      last: i32(''),
      reserved: reserved(),
    }),
  )
  t.strictSame(Object.fromEntries(all), {
    R_STATE: 0,
    R_EXPIRE_AFTER: 1,
    R_BIRTH_WORD: 1,
    R_NAME: 4,
    R_NAME_BYTES: 5,
    R_DROPS: 6,
    R_PART_WORD: 6,
    R_LAST: 16,
    RECORD_WORDS: 9,
  })
})

t.test('what begins amid a word, ends amid one, or outgrows its room is refused by name', async t => {
  t.throws(() => place(record({ a: i32(''), b: f64('') })), /Record: field "b" begins amid a word/)
  t.throws(() => place(record({ a: i32(''), b: list(2, i64('')) })), /field "b" begins amid a word/)
  t.throws(() => place(record({ a: i32('') })), /ends amid a word/)
  t.doesNotThrow(() => place(record({ a: i32('') }, { size: ['R_FIELDS', 'fields'] })))
  t.throws(() => place(record({ a: bytes(6, '') })), /field "a" is not of whole fields/)
  t.throws(() => place(record({ a: f64(''), b: f64('') }, { room: 8 })), /take 16 bytes, more than 8/)
})

t.test('no two fields of a record overlap, and no constant is there twice', async t => {
  const names = new Set<string>()
  for (const one of RECORDS) {
    let end = 0
    for (const { key, at, field } of place(one).placed) {
      t.equal(at, end, `${one.name}: ${key}`)
      end = at + field.fields * field.count
    }
    for (const name of constants(one).keys()) {
      t.notOk(names.has(name), name)
      names.add(name)
    }
  }
})

t.test('offsets.ts is what the table says', async t => {
  const layout = L as unknown as Record<string, number>
  for (const one of RECORDS) for (const [name, value] of constants(one)) t.equal(layout[name], value, name)
  const script = fileURLToPath(new URL('../../scripts/write-layout.js', import.meta.url))
  t.doesNotThrow(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' }))
})
