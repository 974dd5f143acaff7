/**
 * Where everything lies in the shared memory. This file alone knows offsets; the kernel's copy of the constants
 * is written from it when the kernel is built.
 *
 * Units: a *word* is 8 bytes. A *reference* is a word index into the memory (at most 2^29, so it stays a small
 * integer in V8); 0 refers to nothing. A *field* is an Int32 counted from the start of its record.
 *
 *     0        header                       HEADER_BYTES
 *     16 KiB   the kernel's constant data   up to KERNEL_END
 *     128 KiB  shard table                  SHARD_WORDS x (maxThreads + 1)
 *              slots                        SLOT_COUNT x slotWords
 *              arena                        families, places, cells, label text; bump allocated
 *              series hash table            one Int32 a bucket
 *     end      SLACK_BYTES                  16-byte copies may read and write past what they copy
 *
 * The hash table is as large as any label text can be, and comes last: who reads a text while its place is used again
 * may read on for another text's length, and must not leave the memory.
 */

/** Changes with every change of layout or protocol: threads that disagree must not share a memory. */
export const LAYOUT_VERSION = 2
/** 'pmtr' */
export const MAGIC = 0x706d_7472

export const WORD_BYTES = 8
export const WASM_PAGE_BYTES = 65_536
/** One page less than 4 GiB: an end address must not wrap to 0. */
export const MAX_MEMORY_BYTES = 65_535 * WASM_PAGE_BYTES
export const MIN_MEMORY_BYTES = 4 * 1024 * 1024

export const KERNEL_BASE = 16_384
export const KERNEL_END = 131_072
export const SLACK_BYTES = 64
/** Records of the arena start on cache lines, so that two threads' cells never share one. */
export const LINE_WORDS = 8

/** Header fields. */
export const H_MAGIC = 0
export const H_VERSION = 1
export const H_CLOSED = 2
/** Next free word of the arena; only ever raised, by compare-exchange. */
export const H_BUMP = 3
/** The arena's end, in words. */
export const H_LIMIT = 4
/** Newest family; families chain through F_NEXT and are never unlinked. */
export const H_FAMILIES = 5
export const H_HASH = 6
export const H_HASH_MASK = 7
export const H_SHARDS = 8
/** Shards there are, the common one (index 0) included. */
export const H_SHARD_COUNT = 9
export const H_SLOTS = 10
export const H_SLOT_COUNT = 11
export const H_SLOT_WORDS = 12
/** Capacity of a slot's text, in bytes. */
export const H_SLOT_TEXT = 13
/** Raised by each scrape when it begins; a place notes it when it is born. */
export const H_SCRAPE_SEQ = 14
/** Raised whenever memory or series have become free again: what was refused may be tried anew. */
export const H_ROOM = 15
/** The reclamation epoch. */
export const H_EPOCH = 16
/** Series that exist in all of the program's families with labels. */
export const H_SERIES = 17
export const H_MAX_SERIES = 18
/** Default labels as exposition text and as JSON members, and how many there are. */
export const H_DEFAULTS = 19
export const H_DEFAULTS_BYTES = 20
export const H_DEFAULTS_JSON = 21
export const H_DEFAULTS_JSON_BYTES = 22
export const H_DEFAULTS_COUNT = 23
export const H_MAX_LABEL_BYTES = 24
/** Raised when a thread is refused a shard. */
export const H_THREADS_REFUSED = 25
/** Thread id + 1 of the one that sweeps, 0 for none. */
export const H_SWEEPER = 26
/** Raised with each request to let go of a place. */
export const H_REQUESTS = 27
/** When the last sweep began, ms since the registry was made. */
export const H_SWEPT_AT = 28
/** When the registry was made (Float64, ms since the epoch). */
export const H_BIRTH_WORD = 15
/** Likewise on the system's monotonic clock: what memory/clock.ts counts from. */
export const H_STARTED_WORD = 28
/** Updates dropped that no family could be charged with: a 64-bit count for each reason. */
export const H_DROPS = 32
/** 64-bit counts since the registry was made. */
export const H_MADE = 40
export const H_EXPIRED = 42
export const H_REMOVED = 44
export const H_SWEEPS = 46
/** Series that the last sweep left hidden. */
export const H_RETIRED = 48
/** Places there are for those. */
export const H_PLACES = 52

/** Page of drops that no family can be charged with. */
export const H_DROP_PAGE = 54
/** The last sweep's duration, µs; and all sweeps', µs, as a 64-bit count. */
export const H_SWEEP_LAST = 49
export const H_SWEEP_TOTAL = 50
/** Deaths after which series are to be counted anew, and how many of them were seen to; see catalogue/recount.ts. */
export const H_DEATHS_INSIDE = 58
export const H_RECOUNTED = 59
/** Newest record of which threads end together; see memory/lineage.ts. */
export const H_LINEAGES = 60
/** Key of the hashes that label sets are found by, two halves of it: random, so that nobody can choose values that collide. */
export const H_KEY = 62
/** Sweeps that failed, a 64-bit count. */
export const H_SWEEPS_FAILED = 64
export const HEADER_BYTES = 512

/**
 * Why an update is dropped.
 */
export const DROP_MEMORY = 0
export const DROP_SERIES = 1
export const DROP_LABEL = 2
export const DROP_THREADS = 3
export const DROP_REASONS = 4

/**
 * Shard: what one thread owns. 192 bytes.
 *
 *     0 state, and above it the thread's id | 1 when it was claimed (ms since the registry was made) | 2 newest cell page | 3 epoch inside, 0 outside | 4 claims
 *     5 text at | 6 text end | 7 watched | 8.. free texts by size class, chained through their first field
 *
 * One word for state and thread: only so can a shard not be taken from its new owner by who buries the old one.
 */
export const SHARD_WORDS = 24
export const SHARD_STATE = 0
export const SHARD_CLAIMED = 1
export const SHARD_CELLS = 2
export const SHARD_EPOCH = 3
export const SHARD_CLAIMS = 4
export const SHARD_TEXT = 5
export const SHARD_TEXT_END = 6
export const SHARD_WATCHED = 7
export const SHARD_FREE_TEXTS = 8

export const SHARD_STATE_BITS = 3
export const SHARD_STATE_MASK = 7
export const SHARD_FREE = 0
export const SHARD_LIVE = 1
export const SHARD_ORPHAN = 2
/** Being made an orphan, or an orphan being adopted: only who made it so may touch it. */
export const SHARD_MOVING = 3

/**
 * Lineage: who is above a thread, and so ends with it.
 *
 *     0 next | 1 the thread's id + 1, 0 free, -1 being written | 2.. ids + 1 of those above it, nearest last, then 0
 */
export const LINEAGE_NEXT = 0
export const LINEAGE_THREAD = 1
export const LINEAGE_ABOVE = 2
export const MAX_ANCESTORS = 14
export const LINEAGE_WORDS = 8

/** Texts are given out in steps of this many words, so that a freed one fits the next. */
export const TEXT_STEP_WORDS = 2
/** Texts up to TEXT_CLASSES steps have a class for each step; larger ones, each power of two of steps. */
export const TEXT_CLASSES = 16

/** The shard that is no thread's: cells that all threads store to, and what was subtracted by reset(). */
export const COMMON_SHARD = 0

/**
 * Family: written whole, then published by a compare-exchange of H_FAMILIES. Text lies in the arena behind it.
 *
 *     0 next | 1 kind | 2 aggregate | 3 flags | 4 cells a place | 5 bounds | 6 labels | 7 places a page at most
 *     8,9 name | 10,11 definition (JSON) | 12,13 text after the name in HELP | 14,15 type line's end
 *     16,17 JSON after the name | 18 suffix table | 19 first page | 20 last page (a hint) | 21 series | 22 max series
 *     23 expire after (ms) | 24.. drops, a 64-bit count for each reason | 32,33 birth (Float64, ms) | 34 longest suffix
 *     35 pages made | 36 places freed | 37 removals under way, or broken off | 38 expire rule | 39 page of drops
 *     40,41 help as it was given | 42,43 text after the name in OpenMetrics' HELP | 44,45 its type line's end
 *     46,47 its UNIT line's end | 48 bytes of the name without `_total` | 49 bytes of the unit
 *     50 series that the last sweep left hidden, more with each removal since
 *     51 ms in an age bucket of a summary | 52 blocks of a place in each shard | 53 bytes of an exemplar's text at most, 0
 *     where none was given yet
 *     54 finest native schema | 55 native buckets at most
 *     56 an info's place that holds now, 0 where none was set | 57 resets so far | 58 whether a label set was refused since
 *     one was last made
 *
 * A pair is a reference and a length in bytes.
 */
export const F_NEXT = 0
export const F_KIND = 1
export const F_AGGREGATE = 2
export const F_FLAGS = 3
export const F_CELLS = 4
export const F_BOUNDS = 5
export const F_LABELS = 6
export const F_PAGE_PLACES = 7
export const F_NAME = 8
export const F_NAME_BYTES = 9
export const F_DEFINITION = 10
export const F_DEFINITION_BYTES = 11
export const F_HELP = 12
export const F_HELP_BYTES = 13
export const F_TYPE = 14
export const F_TYPE_BYTES = 15
export const F_JSON = 16
export const F_JSON_BYTES = 17
export const F_SUFFIXES = 18
export const F_FIRST_PAGE = 19
export const F_LAST_PAGE = 20
export const F_SERIES = 21
export const F_MAX_SERIES = 22
export const F_EXPIRE_AFTER = 23
export const F_DROPS = 24
export const F_BIRTH_WORD = 16
export const F_SUFFIX_MAX = 34
export const F_PAGES = 35
export const F_FREES = 36
export const F_REMOVALS = 37
export const F_EXPIRE_RULE = 38
/** Page of DROP_REASONS places in the family of dropped updates. */
export const F_DROP_PAGE = 39
export const F_RAW_HELP = 40
export const F_RAW_HELP_BYTES = 41
export const F_OM_HELP = 42
export const F_OM_HELP_BYTES = 43
export const F_OM_TYPE = 44
export const F_OM_TYPE_BYTES = 45
/** ` unit\n`; no bytes where there is no unit. */
export const F_OM_UNIT = 46
export const F_OM_UNIT_BYTES = 47
export const F_BASE_BYTES = 48
export const F_UNIT_BYTES = 49
/** 0: a sweep can pass over the family, unless its series expire. */
export const F_HIDDEN = 50
/** A summary's: its quantiles are over F_BLOCKS of these. */
export const F_AGE = 51
/** One in a native histogram, one for each age bucket in a summary. */
export const F_BLOCKS = 52
/** Raised before an exemplar that is longer; in steps, so that it seldom changes. */
export const F_EXEMPLAR_MAX = 53
/** A native histogram's finest schema, and the most buckets it has; 0 where it is none. */
export const F_NATIVE_SCHEMA = 54
export const F_NATIVE_BUCKETS = 55
/** The one series of an info that is exposed: see instruments/info.ts. */
export const F_CURRENT = 56
/** Raised by each reset of a gauge, after its cells are zero: what a thread took over from the dead is gone too. */
export const F_RESETS = 57
/** 1 once a label set was refused, 0 again when one was made since: see catalogue/room.ts. */
export const F_REFUSED = 58
export const FAMILY_WORDS = 30

/** Idle when the fold has not changed. */
export const EXPIRE_UNCHANGED = 0
/** Idle when the fold has been zero. */
export const EXPIRE_ZERO = 1
/** Idle when the touch cell, a place's last, has not changed. */
export const EXPIRE_UNTOUCHED = 2

export const KIND_COUNTER = 1
export const KIND_GAUGE = 2
export const KIND_HISTOGRAM = 3
/** Its cells: count, sum, and one for each quantile, which a scrape fills in. */
export const KIND_SUMMARY = 4
/** A gauge whose first label has the family's name, and so its prefix. */
export const KIND_STATESET = 8
/** A gauge that is 1 whatever its cells hold. */
export const KIND_INFO = 16

export const AGGREGATE_SUM = 0
export const AGGREGATE_LIVESUM = 1
export const AGGREGATE_MIN = 2
export const AGGREGATE_MAX = 3
export const AGGREGATE_LAST = 4

/** One of the library's own families. */
export const FLAG_SELF = 1

/**
 * A histogram's suffixes: for each bucket, +Inf included, `,le="…"} ` as text and as OpenMetrics spell it, `[le,` for
 * JSON, and the bound.
 *
 *     0 text | 1 bytes | 2 JSON | 3 JSON bytes | 4 OpenMetrics | 5 its bytes | 6,7 bound (Float64)
 */
export const SUFFIX_WORDS = 4
export const SUFFIX_TEXT = 0
export const SUFFIX_JSON = 2
export const SUFFIX_OPENMETRICS = 4
export const SUFFIX_BOUND_WORD = 3

/**
 * Page of places: series of one family, filled by the one shard that owns it.
 *
 *     0 next page of the family | 1 family | 2 owner shard | 3 capacity | 4 newest cell page | 5 number in the family
 *     6 places freed so far: a reader that finds it changed reads the page again | 7 bytes of all its label texts at most
 *     8 places made so far: as 6 | 9 reserved
 *     10.. places
 */
export const PAGE_NEXT = 0
export const PAGE_FAMILY = 1
export const PAGE_OWNER = 2
export const PAGE_CAPACITY = 3
export const PAGE_CELLS = 4
export const PAGE_NUMBER = 5
export const PAGE_FREES = 6
/** With TEXT_CONTROL_BIT once a text had control characters. */
export const PAGE_TEXT_BYTES = 7
/** Raised before a place is made LIVE. */
export const PAGE_MADE = 8
export const PAGE_HEADER_WORDS = 5
export const MAX_PAGE_PLACES = 128
export const FIRST_PAGE_PLACES = 8

/**
 * Place: one series, for all threads together. 48 bytes.
 *
 *     0 state and generation | 1 next in the hash chain | 2 hash | 3 label text | 4 its bytes
 *     5 index in its page, and above it the words its text has room for | 6,7 birth (Float64, ms)
 *     8,9 last fold (Float64, the sweeper's) | 10 last change (ms since the registry was made, the sweeper's; once it is
 *     UNLINKED the epoch in which that was) | 11 scrape sequence at birth
 *
 * The label text is `a="x",b="y"`, escaped, followed in memory by `} `, which its length leaves out.
 */
export const PLACE_STATE = 0
export const PLACE_NEXT = 1
export const PLACE_HASH = 2
export const PLACE_TEXT = 3
export const PLACE_TEXT_BYTES = 4
export const PLACE_INDEX = 5
export const INDEX_BITS = 7
export const INDEX_MASK = 127
export const PLACE_BIRTH_WORD = 3
export const PLACE_FOLD_WORD = 4
export const PLACE_CHANGED = 10
export const PLACE_BORN = 11
export const PLACE_WORDS = 6

/**
 * State in the low three bits, generation above; catalogue/lifecycle.ts tells who may change it, and how.
 */
export const STATE_MASK = 7
export const STATE_BITS = 3
export const STATE_FREE = 0
/** Written, and linked or about to be; not told by scrapes yet. */
export const STATE_MADE = 1
export const STATE_LIVE = 2
/** Idle for long enough: not told any more, all it counted still there. */
export const STATE_RETIRED = 3
/** As RETIRED, at the program's wish; the sweeper has yet to note what it counted. */
export const STATE_REMOVED = 4
/** Nobody's any more; about to leave its hash chain. */
export const STATE_FREEING = 5
/** Out of its chain; free when nobody can still be walking over it. */
export const STATE_UNLINKED = 6

/** Set in a text length when the text has control characters, which JSON spells with six bytes. */
export const TEXT_CONTROL_BIT = 0x4000_0000

/**
 * Page of cells: one shard's Float64s for the places of one page. Published by compare-exchange of PAGE_CELLS,
 * zeroed (or unset, for min and max) before.
 *
 *     0 next cell page of the same place page | 1 shard | 2 next cell page of the same shard | 3 place page
 *     4..7 owner bits, one a place: this shard's thread may store there
 *     8..11 request bits: the sweeper would like it to let go
 *     12 table of exemplars, 0 for none; see EXEMPLAR_SEQ | 13 reserved
 *     14.. cells, F_CELLS a place; then a gauge's SHARE_WORDS, or F_BLOCKS times NATIVE_WORDS a place: see NATIVE_BLOCK
 *
 * What a gauge's cells are, behind them: a bit for each place.
 *
 *     0..3 the cell is this shard's living thread's: it began there, or took over what was there
 *     4..7 the thread has set it, not only added to it
 *     8..11 a dead thread's share is in it, too, and what the thread has set beside it is not zero
 */
export const CELLS_NEXT = 0
export const CELLS_SHARD = 1
export const CELLS_OWN_NEXT = 2
export const CELLS_PAGE = 3
export const CELLS_OWNED = 4
export const CELLS_REQUESTED = 8
export const CELLS_BITS_FIELDS = 4
export const CELLS_EXEMPLARS = 12
export const CELLS_HEADER_WORDS = 7
export const SHARE_OWN = 0
export const SHARE_SET = 4
export const SHARE_BESIDE = 8
export const SHARE_WORDS = 6
/** A cell page is 1 KiB at most, unless a single histogram needs more. */
export const CELLS_PAGE_WORDS = 128

/**
 * A native histogram's cells behind the classic ones and the sum: what is in no bucket of its own. The sum has no NaN
 * and no infinity in it, so that reset() can subtract it.
 */
export const NATIVE_ZERO = 0
export const NATIVE_NAN = 1
export const NATIVE_PLUS_INF = 2
export const NATIVE_MINUS_INF = 3
export const NATIVE_CELLS = 4

/**
 * Where one shard counts a place's exponential buckets, or those of a summary's age bucket, behind a page's cells.
 *
 *     0 block, 0 for none | 1 raised before a block that stood here is used for anything else
 *     2 block of the place's earlier life | 3 a summary's: the number of the age it counts, plus one; in the common
 *     shard's first: the last age that is not told any more, plus one
 *
 * Block: a window of counts for each sign, of one shape as long as it stands here; catalogue/native.ts has the protocol.
 *
 *     0 reserved (freed texts chain through it) | 1 words it takes | 2 schema | 3 reserved
 *     4 lowest positive index | 5 positive counts | 6 lowest negative index | 7 negative counts
 *     8.. counts (Float64), positive first, of ascending index
 */
export const NATIVE_BLOCK = 0
export const NATIVE_SEQ = 1
export const NATIVE_SPARE = 2
export const NATIVE_AGE = 3
export const NATIVE_WORDS = 2
export const BLOCK_WORDS = 1
export const BLOCK_SCHEMA = 2
export const BLOCK_LOW = 4
export const BLOCK_COUNTS = 5
export const BLOCK_NEGATIVE_LOW = 6
export const BLOCK_NEGATIVE_COUNTS = 7
export const BLOCK_HEADER_WORDS = 4
export const MIN_SCHEMA = -4
export const MAX_SCHEMA = 8
export const MAX_NATIVE_BUCKETS = 1_000
/** All buckets above the zero bucket, of both signs, at the coarsest schema: what maxBuckets cannot go below. */
export const COARSEST_BUCKETS = 144
/** Exponent of the zero bucket's bound. */
export const ZERO_EXPONENT = -128

/**
 * Exemplars that one shard keeps of the places of a page. Table: for each place as many references to records as its
 * series have lines that can have one: one a bucket, or one. memory/exemplars.ts has the protocol.
 *
 *     0 sequence, odd while it is written (freed texts chain through it) | 1 words it takes | 2 bytes of its text, -1: none
 *     3 reserved | 4,5 value | 6,7 when it was given (s since the epoch) | 8.. text: `a="x",b="y"`, escaped
 */
export const EXEMPLAR_SEQ = 0
export const EXEMPLAR_WORDS = 1
export const EXEMPLAR_BYTES = 2
export const EXEMPLAR_VALUE_WORD = 2
export const EXEMPLAR_TIME_WORD = 3
export const EXEMPLAR_HEADER_WORDS = 4
/** Code points of an exemplar's label names and values together. OpenMetrics 1.0, 'Exemplars'. */
export const MAX_EXEMPLAR_CHARACTERS = 128

/**
 * What an unset cell of a min or max gauge holds: a NaN that arithmetic never makes, as two Int32 halves.
 */
export const UNSET_LOW = 0x7074_6d72
export const UNSET_HIGH = 0x7ff9_706d

/**
 * Slot: where a span is planned, folded and encoded.
 *
 *     0 owner (thread id + 1, 0 free) | 1 format | 2 scrape sequence | 3 pieces | 4 bytes written | 5 status
 *     6 prefix bytes | 7 reserved | 8.. prefix (64 bytes) | 24,25,26 where a plan stopped, and its cost; or 24,25 where
 *     a sweep did, and what it freed
 *     30 whether exemplars are told | 31 bytes that a planned piece has for each of them
 *     27 whether series tell when they were made | 28,29 bytes and CRC-32 of a compressed span before it was
 *     then pieces, head scratch, vector, text
 */
export const SLOT_OWNER = 0
export const SLOT_FORMAT = 1
export const SLOT_SEQ = 2
export const SLOT_PIECES = 3
export const SLOT_BYTES = 4
export const SLOT_STATUS = 5
export const SLOT_PREFIX_BYTES = 6
export const SLOT_PREFIX_WORD = 4
/** Where the next piece of the family begins; page 0 when the family is told to its end. */
export const SLOT_PLAN_PAGE = 24
export const SLOT_PLAN_FIRST = 25
export const SLOT_PLAN_COST = 26
/** Of a sweep: the page that it goes on with, and series that it freed. */
export const SLOT_SWEEP_PAGE = 24
export const SLOT_SWEEP_FREED = 25
export const SLOT_CREATED = 27
export const SLOT_PLAIN_BYTES = 28
export const SLOT_PLAIN_CRC = 29
export const SLOT_EXEMPLARS = 30
export const SLOT_PLAN_EXEMPLAR = 31
export const MAX_PREFIX_BYTES = 64
export const SLOT_PIECES_WORD = 16
export const MAX_PIECES = 512
/** Piece, part of a family: 0 family | 1 page | 2 first place in it | 3 places, over as many pages as it takes | 4 flags | 5 bytes for each exemplar */
export const PIECE_FIELDS = 6
export const PIECE_FAMILY = 0
export const PIECE_PAGE = 1
export const PIECE_FIRST = 2
export const PIECE_COUNT = 3
export const PIECE_FLAGS = 4
export const PIECE_EXEMPLAR = 5
/** The family's head (HELP and TYPE) goes before this piece. */
export const PIECE_HEAD = 1
/** The whole family is in this piece: in JSON the kernel closes it too. */
export const PIECE_WHOLE = 2
/** JSON: a family stands before this one in the whole document. */
export const PIECE_COMMA = 4
/** JSON and OpenMetrics: the document begins, or ends, with this piece. */
export const PIECE_OPEN = 8
export const PIECE_CLOSE = 16

export const SLOT_SCRATCH_WORD = SLOT_PIECES_WORD + (MAX_PIECES * PIECE_FIELDS) / 2
/** What stands before the labels of a line: prefix, name, suffix, default labels; four of them. */
export const HEAD_BYTES = 11_264
export const SCRATCH_BYTES = 4 * HEAD_BYTES
export const SLOT_VECTOR_WORD = SLOT_SCRATCH_WORD + SCRATCH_BYTES / WORD_BYTES
export const MAX_BOUNDS = 1_000
export const VECTOR_WORDS = MAX_BOUNDS + 24
/** A native histogram's buckets, of all shards together, as a block. */
export const SLOT_NATIVE_WORD = SLOT_VECTOR_WORD + VECTOR_WORDS
export const SLOT_TEXT_WORD = SLOT_NATIVE_WORD + BLOCK_HEADER_WORDS + MAX_NATIVE_BUCKETS
export const SLOT_COUNT = 8
/** Left to fronts that have a thread of their own: a program that is blocked amid its own scrapes holds the others. */
export const FRONT_SLOTS = 4
/** More than a socket takes at once: what a reader waits for is then told in few large writes. */
export const MAX_SLOT_TEXT = 4 * 1024 * 1024
export const MIN_SLOT_TEXT = 64 * 1024

export const FORMAT_TEXT = 0
export const FORMAT_JSON = 1
export const FORMAT_OPENMETRICS = 2
export const FORMAT_PROTOBUF = 3

/** Slot status. */
export const STATUS_OK = 0
/** A line would not have fitted where the plan said it would. */
export const STATUS_FULL = 1

export const MAX_NAME_BYTES = 1_024
export const MAX_HELP_BYTES = 8_192
export const MAX_DEFAULTS_BYTES = 8_192
/** Longest spelling of a Float64: `-2.2250738585072014e-308`. */
export const NUMBER_BYTES = 24

/** Where the parts of a memory of a given size begin, in words. */
export interface Regions {
  readonly shards: number
  readonly hash: number
  readonly hashMask: number
  readonly slots: number
  readonly slotWords: number
  readonly slotText: number
  readonly arena: number
  readonly limit: number
}

/** A slot's text takes this part of all memory, within its limits: all nine together a fourteenth. */
const SLOT_SHARE = 128
/** Shared memory for each hash bucket: chains stay about one long when memory is full of one-label counters. */
const BYTES_A_BUCKET = 128

export function regions(bytes: number, shards: number): Regions {
  const shardTable = KERNEL_END / WORD_BYTES
  const slots = shardTable + shards * SHARD_WORDS
  const buckets = 2 ** Math.floor(Math.log2(bytes / BYTES_A_BUCKET))
  const hash = (bytes - SLACK_BYTES) / WORD_BYTES - buckets / 2
  const slotText = Math.min(
    MAX_SLOT_TEXT,
    Math.max(MIN_SLOT_TEXT, 2 ** Math.floor(Math.log2(bytes / SLOT_SHARE))),
  )
  const slotWords = SLOT_TEXT_WORD + (slotText + SLACK_BYTES) / WORD_BYTES
  return {
    shards: shardTable,
    hash,
    hashMask: buckets - 1,
    slots,
    slotWords,
    slotText,
    // One more, for sweeps: stalled readers must not keep idle series from going.
    arena: roundUp(slots + (SLOT_COUNT + 1) * slotWords, LINE_WORDS),
    limit: hash,
  }
}

export function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple
}
