/**
 * How a record in shared memory is described: its fields in order, each with its width and a line of text. Offsets
 * follow from the order, each from the one before, so no two fields can overlap.
 *
 * Units: a *word* is 8 bytes, a *field* is an Int32 counted from the start of its record. A value that is wider than a
 * field begins on a word. If that leaves a field unused before it, the table must list that field as `reserved`.
 */

export interface Field {
  /** Int32s of one value. */
  readonly fields: number
  /** How many values, one after the other. */
  readonly count: number
  /** Whether it begins on a word. */
  readonly onWord: boolean
  /** Whether its offset is given in words, as that of a Float64 or of a part with a layout of its own. */
  readonly inWords: boolean
  /** Its type in AssemblyScript; undefined if it is not a single value there. */
  readonly type: string | undefined
  readonly doc: string
}

/** A number, or a state. Signed. */
export const i32 = (doc: string): Field => ({
  ...{ fields: 1, count: 1, onWord: false, inWords: false, type: 'i32', doc },
})
/** A reference: the word where something begins; 0 refers to nothing. */
export const ref = (doc: string): Field => ({ ...i32(doc), type: 'u32' })
/** A count of 64 bits. Its offset is in fields. */
export const i64 = (doc: string): Field => ({
  ...{ fields: 2, count: 1, onWord: true, inWords: false, type: 'i64', doc },
})
/** A Float64. */
export const f64 = (doc: string): Field => ({
  ...{ fields: 2, count: 1, onWord: true, inWords: true, type: 'f64', doc },
})
/** A reference to text, and its length in bytes: two fields. */
export const text = (doc: string): Field => ({
  ...{ fields: 2, count: 1, onWord: false, inWords: false, type: undefined, doc },
})
/** So many values, one after the other. */
export const list = (count: number, of: Field): Field => ({ ...of, count, type: undefined })
/** Bytes with a layout of their own. */
export const bytes = (count: number, doc: string): Field => ({
  ...{ fields: count / 4, count: 1, onWord: true, inWords: true, type: undefined, doc },
})
/** Fields that are not used. */
export const reserved = (count = 1): Field => list(count, i32('reserved'))

export interface RecordLayout {
  readonly name: string
  /** The prefix of the constants of its fields. */
  readonly prefix: string
  /** The constant of its size, and the unit. */
  readonly size: readonly [constant: string, unit: 'words' | 'fields' | 'bytes']
  readonly doc: string
  /** In order. */
  readonly fields: Readonly<Record<string, Field>>
  /** Where the only record of this kind is, bytes: the constants of its fields then count from the start of memory. */
  readonly at?: number
  /** What follows the record in memory. */
  readonly behind?: string
  /** Room that is kept for it, bytes; by default what its fields take. */
  readonly room?: number
}

export interface Placed {
  readonly key: string
  readonly field: Field
  /** From the start of the record, in Int32s. */
  readonly at: number
}

/**
 * The offset of each field.
 * @throws Error naming a field that does not begin on a word, or a record that outgrows its room.
 */
export function place(record: RecordLayout): { readonly placed: readonly Placed[]; readonly fields: number } {
  const placed: Placed[] = []
  let at = 0
  for (const [key, field] of Object.entries(record.fields)) {
    if (field.onWord && at % 2 !== 0)
      throw new Error(`${record.name}: field "${key}" begins amid a word: reserve one before it`)
    if (!Number.isInteger(field.fields))
      throw new Error(`${record.name}: field "${key}" is not of whole fields`)
    placed.push({ key, field, at })
    at += field.fields * field.count
  }
  const unit = record.size[1] === 'fields' ? 1 : 2
  if (at % unit !== 0) throw new Error(`${record.name}: ends amid a word: reserve a field at its end`)
  if (record.room !== undefined && at * 4 > record.room)
    throw new Error(`${record.name}: its fields take ${at * 4} bytes, more than ${record.room}`)
  return { placed, fields: at }
}

/**
 * The name of a field's constant: `expireAfter` of a family is F_EXPIRE_AFTER; if its offset were in words,
 * F_EXPIRE_AFTER_WORD.
 */
export function constantOf(record: RecordLayout, { key, field }: Placed): string {
  const name = key.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
  return `${record.prefix}_${name}${field.inWords ? '_WORD' : ''}`
}

/** Whether it is a reference and a length. */
export function isText({ fields, onWord }: Field): boolean {
  return fields === 2 && !onWord
}

/** Constants of a record's fields and of its size, by name. */
export function constants(record: RecordLayout): Map<string, number> {
  const { placed, fields } = place(record)
  const all = new Map<string, number>()
  const begin = (record.at ?? 0) / 4
  for (const one of placed) {
    if (one.field.doc === 'reserved') continue
    const constant = constantOf(record, one)
    const at = begin + one.at
    all.set(constant, one.field.inWords ? at / 2 : at)
    if (isText(one.field)) all.set(`${constant}_BYTES`, at + 1)
  }
  const [constant, unit] = record.size
  const size = record.room === undefined ? fields : record.room / 4
  all.set(constant, unit === 'fields' ? size : unit === 'words' ? size / 2 : size * 4)
  return all
}
