/**
 * Where everything is in the shared memory, and what the fields hold. records.ts lists the records, field by field;
 * offsets.ts is written from that table. The build writes the kernel's copy of the constants from this file.
 *
 * Units: a *word* is 8 bytes. A *reference* is a word index into the memory (at most 2^29, so it stays a small integer
 * in V8); 0 refers to nothing. A *field* is an Int32, counted from the start of its record.
 *
 *     8 KiB    process                      PROCESS_BYTES
 *     16 KiB   the kernel's constant data   up to HEADER_AT
 *     128 KiB  header                       HEADER_BYTES                                                       ─┐
 *              attachments                  ATTACHMENT_WORDS x maxThreads                                      │
 *              shard table                  SHARD_WORDS x (maxThreads + 1)                                      │ what is
 *              arena                        families, places, cells, label text; bump allocated                 │ recorded
 *              series hash table            one Int32 a bucket                                                  │
 *              SLACK_BYTES                  16-byte copies may read and write past what they copy              ─┘
 *              slots                        (SLOT_COUNT + 1) x slotWords, from a page of WebAssembly on
 *     end      workspaces                   behind the end, one for each slot: see workspace-size.ts
 *
 * What is recorded is one range of whole pages, which the processes that share a registry have in common. All else is a
 * process' own.
 *
 * A reader of a text whose place is used again meanwhile may read on for the length of another text. Because of the hash
 * table and the slots, it does not leave the memory.
 */

import { ATTACHMENT_WORDS, HEADER_BYTES, SHARD_WORDS, SLOT_TEXT_WORD } from './offsets.js'

export * from './offsets.js'

/** Changes with every change of layout or protocol: threads that disagree must not share a memory. */
export const LAYOUT_VERSION = 7
/** 'pmtr' */
export const MAGIC = 0x706d_7472

export const WORD_BYTES = 8
export const WASM_PAGE_BYTES = 65_536
/** One page less than 4 GiB, because an end address must not wrap to 0. */
export const MAX_MEMORY_BYTES = 65_535 * WASM_PAGE_BYTES
export const MIN_MEMORY_BYTES = 4 * 1024 * 1024

export const PROCESS_AT = 8_192
export const KERNEL_BASE = 16_384
/** Where the header begins, and the kernel's data ends. */
export const HEADER_AT = 131_072
export const SLACK_BYTES = 64
/** Records of the arena start on cache lines, so that two threads' cells never share one. */
export const LINE_WORDS = 8
/** The most shards that a memory has: the common one, and one for each thread that option `maxThreads` allows. */
export const MAX_SHARDS = 4_096

/**
 * Why an update is dropped.
 */
export const DROP_MEMORY = 0
export const DROP_SERIES = 1
export const DROP_LABEL = 2
export const DROP_THREADS = 3
/** The registry was closed in the thread that recorded. */
export const DROP_CLOSED = 4
/** What it was given cannot be recorded, and option `onBadValue` says `drop`. */
export const DROP_VALUE = 5
/** Another process has the name for another metric: see registry/registration.ts. */
export const DROP_CONFLICT = 6
export const DROP_REASONS = 7

/** Of an owner's word: see owner.ts. */
export const OWNER_STATE_BITS = 3
export const OWNER_STATE_MASK = 7

export const SHARD_FREE = 0
export const SHARD_LIVE = 1
export const SHARD_ORPHAN = 2
/** Being made an orphan, or being adopted. Only the thread that set this state may touch it. */
export const SHARD_MOVING = 3

export const LINEAGE_FREE = 0
export const LINEAGE_WRITING = 1
export const LINEAGE_WHOLE = 2
export const MAX_ANCESTORS = 12

/** Texts are allocated in steps of this many words, so that a freed one fits the next. */
export const TEXT_STEP_WORDS = 2
/** Texts of up to TEXT_CLASSES steps have a size class for each number of steps; larger ones, for each power of two. */
export const TEXT_CLASSES = 16

/** The shard that no thread owns: it has the cells that all threads store to, and what reset() subtracted. */
export const COMMON_SHARD = 0

/** Idle when the fold has not changed. */
export const EXPIRE_UNCHANGED = 0
/** Idle when the fold has been zero. */
export const EXPIRE_ZERO = 1
/** Idle when the touch cell, a place's last, has not changed. */
export const EXPIRE_UNTOUCHED = 2

export const KIND_COUNTER = 1
export const KIND_GAUGE = 2
export const KIND_HISTOGRAM = 3
/** Its cells are count, sum, and one for each quantile, which a scrape fills in. */
export const KIND_SUMMARY = 4
/** A gauge whose first label has the family's name, with the prefix of the exposition. */
export const KIND_STATESET = 8
/** A gauge that is exposed as 1 whatever its cells hold. */
export const KIND_INFO = 16

export const AGGREGATE_SUM = 0
export const AGGREGATE_LIVESUM = 1
export const AGGREGATE_MIN = 2
export const AGGREGATE_MAX = 3
export const AGGREGATE_LAST = 4

/** One of the library's own families. */
export const FLAG_SELF = 1
/** Not exposed, and its name is free: see catalogue/families.ts. */
export const FLAG_HIDDEN = 2
/** Hidden when the memory began anew: whoever registers it next says its help and limits. */
export const FLAG_LEFT = 4

export const MAX_PAGE_PLACES = 128
export const FIRST_PAGE_PLACES = 8

export const INDEX_BITS = 7
export const INDEX_MASK = 127

/** State in the low three bits, generation above. lifecycle/states.ts describes who may change it, and how. */
export const STATE_MASK = 7
export const STATE_BITS = 3
export const STATE_FREE = 0
/** Written, and linked or about to be. Scrapes do not expose it yet. */
export const STATE_MADE = 1
export const STATE_LIVE = 2
/** Idle for long enough: not exposed any more, but all that it counted is still there. */
export const STATE_RETIRED = 3
/** As RETIRED, but by a call of the program. The sweeper has not yet noted what it counted. */
export const STATE_REMOVED = 4
/** No thread holds it any more, and none can attach. It is about to leave its hash chain. */
export const STATE_FREEING = 5
/** Out of its chain. It becomes free when no look-up can still be walking over it. */
export const STATE_UNLINKED = 6

/** Set in a text length if the text has control characters, which take six bytes in JSON. */
export const TEXT_CONTROL_BIT = 0x4000_0000

export const CELLS_BITS_FIELDS = 4
/** A cell page is 1 KiB at most, unless a single histogram needs more. */
export const CELLS_PAGE_WORDS = 128

/**
 * The cells of a native histogram that follow the classic ones and the sum. They count values that are in no bucket of
 * their own. The sum has no NaN and no infinity in it, so that reset() can subtract it.
 */
export const NATIVE_ZERO = 0
export const NATIVE_NAN = 1
export const NATIVE_PLUS_INF = 2
export const NATIVE_MINUS_INF = 3
export const NATIVE_CELLS = 4

export const MIN_SCHEMA = -4
export const MAX_SCHEMA = 8
export const MAX_NATIVE_BUCKETS = 1_000
/** All buckets above the zero bucket, of both signs, at the coarsest schema: `maxBuckets` cannot be less. */
export const COARSEST_BUCKETS = 144
/** Exponent of the zero bucket's bound. */
export const ZERO_EXPONENT = -128

/** Code points of an exemplar's label names and values together. OpenMetrics 1.0, 'Exemplars'. */
export const MAX_EXEMPLAR_CHARACTERS = 128

/** The value of an unset cell of a min or max gauge: a NaN that arithmetic never makes, as two Int32 halves. */
export const UNSET_LOW = 0x7074_6d72
export const UNSET_HIGH = 0x7ff9_706d

export const MAX_PREFIX_BYTES = 64
export const MAX_PIECES = 512
/** The family's head (HELP and TYPE) goes before this piece. */
export const PIECE_HEAD = 1
/** The whole family is in this piece. In JSON the kernel closes it, too. */
export const PIECE_WHOLE = 2
/** JSON: another family comes before this one in the document. */
export const PIECE_COMMA = 4
/** JSON and OpenMetrics: the document begins, or ends, with this piece. */
export const PIECE_OPEN = 8
export const PIECE_CLOSE = 16

/** What comes before the labels of a line: prefix, name, suffix, default labels. There are four such heads. */
export const HEAD_BYTES = 11_264
export const SCRATCH_BYTES = 4 * HEAD_BYTES
export const MAX_BOUNDS = 1_000
export const VECTOR_WORDS = MAX_BOUNDS + 24
export const SLOT_COUNT = 8
/**
 * Slots that other scrapers leave to fronts with a thread of their own: a program that is blocked amid its own scrapes
 * keeps the slots that it has.
 */
export const FRONT_SLOTS = 4
/** More than a socket takes at once: what a reader waits for is then written in few large writes. */
export const MAX_SLOT_TEXT = 4 * 1024 * 1024
export const MIN_SLOT_TEXT = 64 * 1024

export const FORMAT_TEXT = 0
export const FORMAT_JSON = 1
export const FORMAT_OPENMETRICS = 2
export const FORMAT_PROTOBUF = 3
/** What is pushed. Prometheus remote write 1.0 and 2.0, and OTLP's metrics. */
export const FORMAT_REMOTE_WRITE = 4
export const FORMAT_REMOTE_WRITE_2 = 5
export const FORMAT_OTLP = 6

/** Which series a span is of: those that are exposed. */
export const SERIES_EXPOSED = 0
/** Those that are exposed no more and not yet free, as gone. */
export const SERIES_GONE = 1
/** Both, as gone. */
export const SERIES_ALL_GONE = 2

/** The most bytes of the labels that a push adds, as exposition text. */
export const MAX_ADDED_BYTES = 2_048

/** Slot status. */
export const STATUS_OK = 0
/** A line did not fit, though the plan had room for it. */
export const STATUS_FULL = 1

export const MAX_NAME_BYTES = 1_024
export const MAX_HELP_BYTES = 8_192
export const MAX_DEFAULTS_BYTES = 8_192
/** Longest spelling of a Float64: `-2.2250738585072014e-308`. */
export const NUMBER_BYTES = 24

/** Where the parts of a memory of a given size begin, in words. */
export interface Regions {
  readonly attachments: number
  readonly shards: number
  readonly hash: number
  readonly hashMask: number
  readonly slots: number
  readonly slotWords: number
  readonly slotText: number
  readonly arena: number
  readonly limit: number
}

/** A slot's text takes this part of the memory, within its limits. All nine together take a fourteenth. */
const SLOT_SHARE = 128
/**
 * Bytes of shared memory for each hash bucket. Chains are then about one long when the memory is full of counters with
 * one label.
 */
const BYTES_A_BUCKET = 128

export function regions(bytes: number, shards: number): Regions {
  const attachmentTable = (HEADER_AT + HEADER_BYTES) / WORD_BYTES
  const shardTable = roundUp(attachmentTable + (shards - 1) * ATTACHMENT_WORDS, LINE_WORDS)
  const slotText = Math.min(
    MAX_SLOT_TEXT,
    Math.max(MIN_SLOT_TEXT, 2 ** Math.floor(Math.log2(bytes / SLOT_SHARE))),
  )
  const slotWords = SLOT_TEXT_WORD + (slotText + SLACK_BYTES) / WORD_BYTES
  // One more slot, for sweeps, because readers that stall must not keep idle series from being freed.
  const slotBytes = roundUp((SLOT_COUNT + 1) * slotWords * WORD_BYTES, WASM_PAGE_BYTES)
  const slots = bytes - slotBytes
  const buckets = 2 ** Math.floor(Math.log2(bytes / BYTES_A_BUCKET))
  const hash = (slots - SLACK_BYTES) / WORD_BYTES - buckets / 2
  return {
    attachments: attachmentTable,
    shards: shardTable,
    hash,
    hashMask: buckets - 1,
    slots: slots / WORD_BYTES,
    slotWords,
    slotText,
    arena: roundUp(shardTable + shards * SHARD_WORDS, LINE_WORDS),
    limit: hash,
  }
}

export function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple
}
