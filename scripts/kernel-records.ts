/**
 * The kernel's view of the records in shared memory, written from the table that offsets.ts is written from: a class for
 * each record, in AssemblyScript, so that the kernel's source says `place.state`. A class is `@unmanaged`: a pointer with
 * fields, which nobody allocates or counts, so that a field costs a load and no more.
 *
 * A list or a part with a layout of its own is a getter of the address where it begins. `shared` has the same fields,
 * loaded and stored atomically, for those that other threads change meanwhile. Checks at the end compare each offset
 * with the table: the compiler refuses a file whose classes it laid out otherwise.
 */
import { isText, type Placed, place, type RecordLayout } from '../src/memory/record.js'

/** Names of classes that are not their constants' prefix. */
const CLASSES: Readonly<Record<string, string>> = {
  H: 'Header',
  F: 'Family',
  P: 'Process',
  CELLS: 'CellPage',
  SHARE: 'Shares',
  NATIVE: 'BlockReference',
}

/** A field of a class, and where it is, in bytes. */
interface Member {
  readonly key: string
  readonly type: string
  readonly at: number
  readonly doc: string
}

export function recordsSource(records: readonly RecordLayout[]): string {
  const head =
    '// Written by scripts/kernel-records.ts from src/memory/records.ts: not to be changed by hand.\n'
  return (
    head + records.map(record => `\n${classOf(record)}\n${sharedOf(record)}\n${checksOf(record)}`).join('')
  )
}

function nameOf({ prefix }: RecordLayout): string {
  return CLASSES[prefix] ?? prefix[0] + prefix.slice(1).toLowerCase()
}

function classOf(record: RecordLayout): string {
  const name = nameOf(record)
  const lines = [`/** ${record.name}. ${record.doc} */`, '@unmanaged', `export class ${name} {`]
  for (const { key, type, doc } of membersOf(record)) lines.push(`  /** ${doc} */`, `  ${key}: ${type}`)
  for (const { key, at, field } of place(record).placed.filter(isPart)) {
    lines.push(`  /** Where it begins: ${field.doc} */`, getter(key, 'usize', `${pointer} + ${4 * at}`))
  }
  if (record.behind !== undefined)
    lines.push(
      `  /** Where it begins: ${record.behind} */`,
      getter('behind', 'usize', `${pointer} + ${sizeOf(record)}`),
    )
  lines.push('  /** The same, for fields that other threads change. */')
  return [...lines, getter('shared', `Shared${name}`, `changetype<Shared${name}>(this)`), '}', ''].join('\n')
}

function sharedOf(record: RecordLayout): string {
  const lines = ['@unmanaged', `export class Shared${nameOf(record)} {`]
  for (const { key, type, at } of membersOf(record).filter(isInteger)) {
    const big = key[0]!.toUpperCase() + key.slice(1)
    lines.push(getter(key, type, `atomic.load<${type}>(${pointer}, ${at})`))
    lines.push(
      '  @inline',
      `  set ${key}(value: ${type}) { atomic.store<${type}>(${pointer}, value, ${at}) }`,
    )
    lines.push('  /** Returns what was there before. */', '  @inline')
    lines.push(`  add${big}(more: ${type}): ${type} { return atomic.add<${type}>(${pointer}, more, ${at}) }`)
    lines.push('  /** Whether it was `from`, and is `to` now. */', '  @inline')
    lines.push(`  exchange${big}(from: ${type}, to: ${type}): bool {`)
    lines.push(`    return atomic.cmpxchg<${type}>(${pointer}, from, to, ${at}) == from`, '  }')
  }
  return [...lines, '}', ''].join('\n')
}

function checksOf(record: RecordLayout): string {
  const name = nameOf(record)
  const check = (offset: string, at: number, message: string) =>
    `if (${offset} != ${at}) ERROR('${name}: ${message}')\n`
  const fields = membersOf(record).map(({ key, at }) =>
    check(`offsetof<${name}>('${key}')`, at, `${key} is not where records.ts has it`),
  )
  const size = check(`offsetof<${name}>()`, 4 * place(record).fields, 'of another size than in records.ts')
  return [...fields, tailOf(record) === undefined ? size : ''].join('')
}

const pointer = 'changetype<usize>(this)'

function getter(key: string, type: string, value: string): string {
  return `  @inline\n  get ${key}(): ${type} { return ${value} }`
}

/** Bytes of the record, room kept for it included. */
function sizeOf(record: RecordLayout): number {
  return record.room ?? 4 * place(record).fields
}

/** Whether it is no value, but several, or has a layout of its own. */
function isPart({ field }: Placed): boolean {
  return field.doc !== 'reserved' && field.type === undefined && !(isText(field) && field.count === 1)
}

function isInteger({ key, type }: Member): boolean {
  return type !== 'f64' && !key.startsWith('_')
}

/** The part at its end that is too long to be written as fields: what has a layout of its own. */
function tailOf(record: RecordLayout): number | undefined {
  const { placed } = place(record)
  let tail = placed.length
  while (tail > 0 && isPart(placed[tail - 1]!) && placed[tail - 1]!.field.count === 1) tail--
  return tail === placed.length ? undefined : tail
}

/** The class' fields: values as they are, and the Int32s of all else under names that nobody reads. */
function membersOf(record: RecordLayout): Member[] {
  const members: Member[] = []
  for (const one of place(record).placed.slice(0, tailOf(record))) {
    const { key, at, field } = one
    const doc = field.doc
    if (field.type !== undefined) members.push({ key, type: field.type, at: 4 * at, doc })
    else if (isText(field) && field.count === 1) {
      members.push({ key, type: 'u32', at: 4 * at, doc })
      members.push({ key: `${key}Bytes`, type: 'i32', at: 4 * at + 4, doc: 'bytes of it' })
    } else {
      for (let n = 0; n < field.fields * field.count; n++) {
        members.push({ key: `_${key}${n}`, type: 'i32', at: 4 * (at + n), doc })
      }
    }
  }
  return members
}
