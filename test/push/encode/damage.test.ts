/**
 * What another process may have damaged (src/memory/damage.ts) is pushed: the push fails with an error that says so, or
 * says something wrong, but it ends, and writes nothing outside of its slot.
 */
import t, { type Test } from 'tap'
import type { PushSource } from '../../../src/exposition/push-source.js'
import type { PushFormat } from '../../../src/exposition/types.js'
import { type Arena, openArena } from '../../../src/memory/arena.js'
import * as L from '../../../src/memory/layout.js'
import { SEED } from '../../support/arbitrary.js'
import { recordingActs, targets } from '../../support/damage.js'
import { familyOf, fresh } from '../../support/registry.js'
import { addedText, allGone, allSpans, PUSH_FORMATS, sourceOf } from '../readers/source.js'

const NOW = 1_700_000_000_000
t.comment(`POSTMETER_SEED=${SEED}`)

/** A registry of each type, gone series among them, and a source that has pushed it once. */
function world(t: Pick<Test, 'teardown'>, format: PushFormat) {
  const { registry } = fresh(t, { memory: '4MiB', labels: { region: 'eu' } })
  const acts = Object.entries(recordingActs(registry)).filter(
    ([name]) => !/remove|clear|register|reset/.test(name),
  )
  for (let n = 0; n < 3; n++) for (const [, act] of acts) act()
  const arena = openArena(registry.handle)
  const { source } = sourceOf(registry.handle, format, { prefix: 'p_', added: addedText({ job: 'mail' }) })
  allSpans(source.spans(NOW))
  return { registry, arena, source }
}

/** What a push does. @throws what the kernel, or a walk, comes to. */
function pushAll(source: PushSource): void {
  allSpans(source.spans(NOW))
  allSpans(source.spans(NOW, 'all-gone'))
  allGone(source.gone(NOW))
}

/** Pushes, and says what is wrong about how that ends. */
function wrongPush(arena: Arena, source: PushSource, before: Buffer): string | undefined {
  try {
    pushAll(source)
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    const said = code === 'ERR_POSTMETER_DAMAGED' || /outgrew its slot/.test(message)
    if (!said) return `threw ${(error as Error).stack}`
  }
  return strays(arena, before)
}

/** Where anything but the first slot, which a push has, was written to. */
function strays({ u8, slots, slotWords, slotText }: Arena, before: Buffer): string | undefined {
  const slot = slots * L.WORD_BYTES
  const text = slot + L.SLOT_TEXT_WORD * L.WORD_BYTES
  const now = Buffer.from(u8.buffer, u8.byteOffset, u8.length)
  const next = slot + slotWords * L.WORD_BYTES
  for (const [what, from, to] of [
    ['before the slot', 0, slot],
    ['in the rest of the slots', next, u8.length],
    ["behind the slot's text", text + slotText + L.SLACK_BYTES, next],
  ] as const) {
    if (now.compare(before, from, to, from, to) === 0) continue
    let at = from
    while (now[at] === before[at]) at++
    return `wrote ${what}, at ${at}`
  }
  return undefined
}

const VALUES: Record<string, (self: number, arena: Arena, was: number) => number> = {
  itself: self => self,
  'another one': self => self + L.LINE_WORDS,
  negative: () => -1,
  'the most negative': () => -(2 ** 31),
  huge: () => 2 ** 31 - 1,
  'back before the slot': () => -100_000,
  'a little more': (_self, _arena, was) => was + 3,
  'much more': (_self, _arena, was) => was + 5_000,
  nothing: () => 0,
}

const STEP = 13

for (const format of PUSH_FORMATS) {
  t.test(`${format}: any field of any record, changed to what it cannot be`, async t => {
    const { registry, arena, source } = world(t, format)
    const { i32 } = arena
    const all = targets(registry)
      // The process' own: test/processes/fuzz.test.ts has what others can change of them.
      .filter(({ name }) => !/^(Header|Attachment|Shard|Lineage)\./.test(name))
      // Links are walked by what scrapes have in common with it, and circles take their time.
      .filter(({ name, link }) => !link || name.startsWith('Suffix.'))
      .flatMap(target => Object.keys(VALUES).map(what => ({ ...target, what })))
    // All of them take minutes: which are tried differs from seed to seed, but for what bounds are spelled with.
    const tried = all.filter(({ name }, n) => /^Suffix\.openmetrics/.test(name) || (n + SEED) % STEP === 0)
    t.ok(tried.length > 50, `${tried.length} changes of ${all.length}`)
    const wrong: string[] = []
    for (const [n, { name, offset, records, what }] of tried.entries()) {
      const record = records[(SEED + n) % records.length]!
      const at = record * 2 + offset
      const was = i32[at]!
      i32[at] = VALUES[what]!(record, arena, was)
      const said = wrongPush(arena, source, Buffer.from(arena.u8))
      if (said !== undefined) wrong.push(`${name} = ${what}: ${said}`)
      i32[at] = was
    }
    t.same(wrong.slice(0, 20), [])
  })

  t.test(`${format}: a definition that is overwritten`, async t => {
    const { arena, source } = world(t, format)
    const { i32, u8 } = arena
    for (const name of ['many_total', 'damage_state', 'damage_histogram']) {
      const { ref } = familyOf(arena, name)
      const from = i32[ref * 2 + L.F_DEFINITION]! * L.WORD_BYTES
      const bytes = i32[ref * 2 + L.F_DEFINITION_BYTES]!
      const whole = Buffer.from(u8.subarray(from, from + bytes))
      const names = whole.indexOf('"labelNames":[') + '"labelNames":['.length
      const changes: Record<string, () => void> = {
        'no label names': () => u8.fill(0x78, from, from + bytes),
        'names without an end': () => u8.fill(0x78, from + names, from + bytes),
        'names of nothing': () => u8.fill(0x22, from + names, from + bytes),
        'zeros behind the names': () => u8.fill(0, from + names, from + bytes),
        'another name': () => u8.fill(0x6c, from + names + 1, from + names + 2),
      }
      for (const [what, change] of Object.entries(changes)) {
        for (const labels of [i32[ref * 2 + L.F_LABELS]!, 3, 60_000]) {
          const had = i32[ref * 2 + L.F_LABELS]!
          change()
          i32[ref * 2 + L.F_LABELS] = labels
          t.equal(wrongPush(arena, source, Buffer.from(u8)), undefined, `${name}: ${what}, ${labels} labels`)
          i32[ref * 2 + L.F_LABELS] = had
          u8.set(whole, from)
        }
      }
    }
    pushAll(source)
  })

  t.test(`${format}: random bytes`, async t => {
    const { arena, source } = world(t, format)
    const { u8, i32 } = arena
    const from = arena.shards * L.WORD_BYTES + 8 * L.SHARD_WORDS * L.WORD_BYTES
    const size = i32[L.H_BUMP]! * L.WORD_BYTES - from
    let state = SEED
    const below = (n: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
      return (state >>> 8) % n
    }
    const whole = Buffer.from(u8)
    const wrong: string[] = []
    for (let round = 0; round < 40; round++) {
      for (let n = below(12); n >= 0; n--) {
        const at = from + below(size)
        if (below(2) === 0) u8[at] = below(256)
        else i32[at >> 2] = below(3) === 0 ? -1 : below(2 ** (1 + below(24)))
      }
      const said = wrongPush(arena, source, Buffer.from(u8))
      if (said !== undefined) wrong.push(`round ${round}: ${said}`)
      u8.set(whole.subarray(from, from + size), from)
    }
    t.same(wrong, [])
  })
}
