/**
 * Every record in the shared memory, field by field. offsets.ts is written from this table (`npm run layout`), with a
 * diagram above each record. The kernel's classes are written from it, too (scripts/build-kernel.ts).
 */
import * as L from './layout.js'
import { bytes, f64, i32, i64, list, type RecordLayout, ref, reserved, text } from './record.js'

const HEADER: RecordLayout = {
  name: 'Header',
  prefix: 'H',
  size: ['HEADER_BYTES', 'bytes'],
  room: 512,
  at: L.HEADER_AT,
  doc: 'Each memory has one, at HEADER_AT.',
  fields: {
    magic: i32('MAGIC, stored last: a memory that has it is laid out'),
    version: i32('LAYOUT_VERSION'),
    bump: ref('next free word of the arena; only ever raised, by compare-exchange'),
    limit: ref("the arena's end"),
    hash: ref('series hash table'),
    hashMask: i32('buckets of the hash table, less one'),
    shards: ref('shard table'),
    shardCount: i32('number of shards, the common one (index 0) included'),
    pages: i32('pages of WebAssembly in the memory, without its workspaces'),
    slots: ref('first slot'),
    slotWords: i32('words from one slot to the next'),
    slotText: i32("capacity of a slot's text, in bytes"),
    births: i32('raised with each series that is made, which notes it: see memory/births.ts'),
    aged: i32(
      'births at the last look for series so old that their births could not be told from later ones',
    ),
    room: i32('raised whenever something that was refused may be granted now: see lifecycle/room.ts'),
    epoch: i32('the reclamation epoch: raised after each sweep'),
    series: i32("series in all of the program's families with labels"),
    maxSeries: i32('the most series; 0 for no limit'),
    defaults: text('default labels as exposition text'),
    defaultsJson: text('default labels as JSON members'),
    defaultsCount: i32('number of default labels'),
    maxLabelBytes: i32('the most bytes of a label value'),
    threadsRefused: i32('raised when a thread is refused a shard'),
    requests: i32('raised with each request to let go of a place'),
    sweptAt: i32('when the last sweep began, ms since the registry was made'),
    retired: i32('series that the last sweep left hidden'),
    families: i64(
      'newest family, and above it how often one was hidden or shown again: see catalogue/families.ts',
    ),
    sweeper: i64('the thread that sweeps, and 1; 0 for none'),
    birth: f64('when the registry was made, ms since the epoch'),
    started: f64("the same moment on the system's monotonic clock: memory/clock.ts counts from it"),
    drops: list(L.DROP_REASONS, i64('dropped updates that no family could count, by reason')),
    made: i64("label sets registered in the program's families"),
    expired: i64('of these, freed'),
    removed: i64('of these, taken out by remove() and clear()'),
    sweeps: i64('sweeps that ended'),
    sweepsFailed: i64('sweeps that failed'),
    sweepTotal: i64('time that sweeps took, µs'),
    sweepLast: i32('time that the last sweep took, µs'),
    places: i32('number of places for series with labels'),
    dropPage: ref('page of drops that no family can count'),
    deathsInside: i32('deaths after which series must be counted anew: see lifecycle/recount.ts'),
    recounted: i32('of these, deaths after which series were counted anew'),
    lineages: ref('newest record of which threads end together: see memory/lineage.ts'),
    reserved: reserved(),
    attachments: ref('table of attachments'),
    options: text('options of the registry, as JSON'),
    id: list(2, i64("the registry's random id")),
    buried: i64('processes that were found dead'),
    numbers: i32('the number that was given to an attachment last; none is given twice'),
    key: list(2, i32('the key of the hashes: random, so that nobody can choose label values that collide')),
    beginning: i32('1 while the memory is begun anew: see processes/anew.ts'),
    uptime: f64(
      'ms since the registry was made, as far as it was noted: its time goes on from here when it begins anew',
    ),
  },
}

const PROCESS: RecordLayout = {
  name: 'Process',
  prefix: 'P',
  size: ['PROCESS_BYTES', 'bytes'],
  at: L.PROCESS_AT,
  doc: 'What the threads of one process have in common for this memory, at PROCESS_AT.',
  fields: {
    attachment: i32('the number of its attachment; 0 if the memory is not shared with other processes'),
    closed: i32('1 once any of its threads has closed the registry'),
    descriptor: i32(
      "the process' descriptor of the file that lies over what is recorded; 0 if there is none: see Arena.alloc",
    ),
    lock: i32("the descriptor that holds the lock of the process' attachment: see processes/attachments.ts"),
    slot: i32('the number of the record of its attachment, from 1 on'),
    taking: i32('threads that are about to own something: see memory/owner.ts'),
    reader: i32('1 if the process may only read what is recorded: see processes/reader.ts'),
    living: i32('for who only reads: processes that are attached and live'),
    dead: list(
      L.MAX_SHARDS / 32,
      i32('for who only reads: a bit for each shard whose process has died, and that nobody has buried'),
    ),
    laidOut: i32('LAYOUT_VERSION once all that follows is there: see Arena.keep'),
    pages: i32('as H_PAGES was found; so are those that follow'),
    arena: ref("the arena's beginning"),
    limit: ref("the arena's end"),
    hash: ref('series hash table'),
    hashMask: i32('buckets of the hash table, less one'),
    shards: ref('shard table'),
    shardCount: i32('number of shards'),
    attachments: ref('table of attachments'),
    slots: ref('first slot'),
    slotWords: i32('words from one slot to the next'),
    slotText: i32("capacity of a slot's text, in bytes"),
    maxLabelBytes: i32('the most bytes of a label value'),
    key: list(2, i32('the key of the hashes')),
    defaults: text('default labels as exposition text'),
    defaultsJson: text('default labels as JSON members'),
    defaultsCount: i32('number of default labels'),
  },
}

const ATTACHMENT: RecordLayout = {
  name: 'Attachment',
  prefix: 'ATTACHMENT',
  size: ['ATTACHMENT_WORDS', 'words'],
  doc: "One process' use of a memory that several share: see processes/attachments.ts. As many as threads can record.",
  fields: {
    number: i32('its number, 0 if the record is free'),
    process: i32("the process' id, as itself sees it: for people"),
    since: i32('when it attached, ms since the registry was made'),
    reserved: reserved(),
  },
}

const SHARD: RecordLayout = {
  name: 'Shard',
  prefix: 'SHARD',
  size: ['SHARD_WORDS', 'words'],
  doc: 'What one thread owns.',
  fields: {
    owner: i64('its owner, and SHARD_FREE to SHARD_MOVING: see memory/owner.ts'),
    claimed: i32('when it was claimed, ms since the registry was made'),
    cells: ref('newest page of cells'),
    epoch: i32('the epoch that its thread is inside, 0 outside'),
    claims: i32('how often it was claimed'),
    text: ref('where the next text goes'),
    textEnd: ref('where the chunk of that text ends'),
    watched: i32("1 once it is known that the thread's end will be seen"),
    making: ref('family of which its thread is making a series, which may take the last room; 0 for none'),
    freeTexts: list(39, ref('freed texts by size class, chained through their first field')),
    reserved: reserved(15),
  },
}

const LINEAGE: RecordLayout = {
  name: 'Lineage',
  prefix: 'LINEAGE',
  size: ['LINEAGE_WORDS', 'words'],
  doc: 'The threads above a thread, with which it ends: see memory/lineage.ts.',
  fields: {
    next: ref('older record'),
    reserved: reserved(),
    owner: i64('the thread, and LINEAGE_FREE to LINEAGE_WHOLE'),
    above: list(L.MAX_ANCESTORS, i32('ids + 1 of the threads above it, nearest last, then 0')),
  },
}

const FAMILY: RecordLayout = {
  name: 'Family',
  prefix: 'F',
  size: ['FAMILY_WORDS', 'words'],
  doc: 'A metric. Written whole, then published by a compare-exchange of H_FAMILIES.',
  behind: 'table of suffixes, and the texts',
  fields: {
    next: ref('older family'),
    kind: i32('KIND_COUNTER to KIND_INFO'),
    aggregate: i32('AGGREGATE_SUM to AGGREGATE_LAST'),
    flags: i32('FLAG_SELF to FLAG_LEFT'),
    cells: i32('cells of a place in each shard'),
    bounds: i32('bucket bounds without +Inf, or quantiles'),
    labels: i32('label names'),
    pagePlaces: i32('the most places of a page'),
    name: text('name'),
    definition: text('what makes two registrations the same family, as JSON'),
    help: text('after the name in HELP, up to TYPE'),
    type: text('the end of the TYPE line'),
    json: text('after the name in JSON'),
    suffixes: ref('table of suffixes'),
    firstPage: ref('first page of places'),
    lastPage: ref('last page: a hint'),
    series: i32('series counted against the limit'),
    maxSeries: i32('the most series; 0 for no limit'),
    expireAfter: i32('ms; 0 for never'),
    drops: list(L.DROP_REASONS, i64('updates dropped, by reason')),
    birth: f64('when it was registered, ms since the epoch'),
    suffixMax: i32('bytes of the longest suffix'),
    pages: i32('pages of places made'),
    frees: i32('places freed'),
    removals: i32('removals under way, or broken off by a death'),
    expireRule: i32('EXPIRE_UNCHANGED to EXPIRE_UNTOUCHED'),
    dropPage: ref('page of DROP_REASONS places in the family of dropped updates'),
    rawHelp: text('help as the program gave it'),
    omHelp: text("after the name in OpenMetrics' HELP"),
    omType: text('the end of the TYPE line in OpenMetrics'),
    omUnit: text('the end of the UNIT line: ` unit` and a line feed; no bytes if there is no unit'),
    baseBytes: i32('bytes of the name without `_total`'),
    unitBytes: i32('bytes of the unit'),
    hidden: i32(
      'series that the last sweep left hidden, and those removed since; if 0, a sweep can pass over the family, unless its series expire',
    ),
    age: i32('ms of an age bucket of a summary: its quantiles are over F_BLOCKS age buckets'),
    blocks: i32(
      'blocks of a place in each shard: one in a native histogram, one for each age bucket in a summary',
    ),
    exemplarMax: i32(
      "the most bytes of an exemplar's text, 0 if none was given yet; raised in steps before a longer one is kept",
    ),
    nativeSchema: i32("a native histogram's finest schema"),
    nativeBuckets: i32('the most buckets of a native histogram; 0 if it is none'),
    current: ref('the place of an info that is exposed, 0 if none was set: see instruments/info.ts'),
    resets: i32(
      'raised by each reset of a gauge, after its cells are zero: what threads took over from dead ones is then gone, too',
    ),
    refused: i32('1 once a label set was refused, 0 again once one was made: see lifecycle/room.ts'),
    reserved: reserved(),
  },
}

const SUFFIX: RecordLayout = {
  name: 'Suffix',
  prefix: 'SUFFIX',
  size: ['SUFFIX_WORDS', 'words'],
  doc: 'A histogram has one for each bucket, +Inf included; a summary has one for each quantile.',
  fields: {
    text: text('`,le="…"} ` as text spells it'),
    json: text('`[le,`'),
    openmetrics: text('`,le="…"} ` as OpenMetrics spells it'),
    bound: f64('the bound, or quantile'),
  },
}

const PAGE: RecordLayout = {
  name: 'Page of places',
  prefix: 'PAGE',
  size: ['PAGE_HEADER_WORDS', 'words'],
  doc: 'Series of one family, filled by the one shard that owns it.',
  behind: 'places',
  fields: {
    next: ref('next page of the family'),
    family: ref('family'),
    owner: i32('index of the shard that fills it'),
    capacity: i32('places'),
    cells: ref('newest page of cells'),
    number: i32('number of the page in the family'),
    frees: i32('places freed so far: a reader that finds it changed reads the page again'),
    textBytes: i32(
      'the most bytes of all its label texts together; with TEXT_CONTROL_BIT once one had control characters',
    ),
    made: i32('places made so far, raised before one is LIVE: used as frees is'),
    reserved: reserved(),
  },
}

const PLACE: RecordLayout = {
  name: 'Place',
  prefix: 'PLACE',
  size: ['PLACE_WORDS', 'words'],
  doc: 'One series, for all threads together. Its label text is `a="x",b="y"`, escaped, followed in memory by `} `, which its length leaves out.',
  fields: {
    state: i32('STATE_FREE to STATE_UNLINKED, and above it the generation: see lifecycle/states.ts'),
    next: ref('next in the hash chain'),
    hash: i32('of the label text'),
    text: ref('label text'),
    textBytes: i32('its bytes, with TEXT_CONTROL_BIT'),
    index: i32('index in its page, and above it the words that its text has room for'),
    birth: f64('when it was made, ms since the epoch'),
    fold: f64('last fold that the sweeper noted'),
    changed: i32(
      'last change that the sweeper noted, ms since the registry was made; in an UNLINKED place, the epoch in which it was unlinked',
    ),
    born: i32('H_BIRTHS at birth'),
  },
}

const CELLS: RecordLayout = {
  name: 'Page of cells',
  prefix: 'CELLS',
  size: ['CELLS_HEADER_WORDS', 'words'],
  doc: "One shard's Float64s for the places of one page. Zeroed (or unset, for min and max), then published by compare-exchange of PAGE_CELLS.",
  behind: "cells, F_CELLS a place; then a gauge's Shares, or F_BLOCKS times a Block reference a place",
  fields: {
    next: ref('older page of cells of the same page of places'),
    shard: i32('index of the shard that owns it'),
    ownNext: ref('older page of cells of the same shard'),
    page: ref('page of places'),
    owned: list(L.CELLS_BITS_FIELDS, i32("a bit for each place: this shard's thread may store there")),
    requested: list(L.CELLS_BITS_FIELDS, i32('a bit for each place: that thread is asked to let go')),
    exemplars: ref('table of references to exemplars, 0 for none'),
    reserved: reserved(),
  },
}

const SHARES: RecordLayout = {
  name: 'Shares',
  prefix: 'SHARE',
  size: ['SHARE_WORDS', 'words'],
  doc: "What the cells of a gauge are to their shard's thread, a bit for each place: see memory/shares.ts.",
  fields: {
    own: list(L.CELLS_BITS_FIELDS, i32("the cell is this shard's living thread's")),
    set: list(L.CELLS_BITS_FIELDS, i32('the thread has set it, not only added to it')),
    beside: list(
      L.CELLS_BITS_FIELDS,
      i32("a dead thread's share is in it, too, and what the thread has set beside it is not zero"),
    ),
  },
}

const NATIVE: RecordLayout = {
  name: 'Block reference',
  prefix: 'NATIVE',
  size: ['NATIVE_WORDS', 'words'],
  doc: "Where one shard counts a place's exponential buckets, or those of a summary's age bucket: see memory/native.ts.",
  fields: {
    block: ref('block, 0 for none'),
    seq: i32('raised before a block that was here is used for anything else'),
    spare: ref("block of the place's earlier life"),
    age: i32(
      'in a summary: the number of the age that it counts, plus one; in the first one of the common shard: the last age that is not exposed any more, plus one',
    ),
  },
}

const BLOCK: RecordLayout = {
  name: 'Block',
  prefix: 'BLOCK',
  size: ['BLOCK_HEADER_WORDS', 'words'],
  doc: 'A window of counts for each sign. Its shape never changes while it is in use.',
  behind: 'counts (Float64), positive first, of ascending index',
  fields: {
    free: ref('chains freed texts'),
    words: i32('size in words'),
    schema: i32('schema'),
    reserved: reserved(),
    low: i32('lowest positive index'),
    counts: i32('positive counts'),
    negativeLow: i32('lowest negative index'),
    negativeCounts: i32('negative counts'),
  },
}

const EXEMPLAR: RecordLayout = {
  name: 'Exemplar',
  prefix: 'EXEMPLAR',
  size: ['EXEMPLAR_HEADER_WORDS', 'words'],
  doc: 'The last exemplar of a line of a series in one shard: see memory/exemplars.ts. For each place, the table has a reference for each line that can have one: one for each bucket, or one.',
  behind: 'text: `a="x",b="y"`, escaped',
  fields: {
    seq: i32('odd while it is written (chains freed texts)'),
    words: i32('size in words'),
    bytes: i32('bytes of its text; -1 if there is no exemplar'),
    reserved: reserved(),
    value: f64('value'),
    time: f64('when it was given, s since the epoch'),
  },
}

const PIECE: RecordLayout = {
  name: 'Piece',
  prefix: 'PIECE',
  size: ['PIECE_FIELDS', 'fields'],
  doc: 'Part of a family in a span.',
  fields: {
    family: ref('family'),
    page: ref('page where it begins'),
    first: i32('first place in that page'),
    count: i32('number of places, over as many pages as it takes'),
    flags: i32('PIECE_HEAD to PIECE_CLOSE'),
    exemplar: i32('bytes planned for each exemplar'),
  },
}

const SLOT: RecordLayout = {
  name: 'Slot',
  prefix: 'SLOT',
  size: ['SLOT_TEXT_WORD', 'words'],
  doc: 'Where a span is planned, folded and encoded. One more slot is for sweeps.',
  behind: 'text, H_SLOT_TEXT bytes, and SLACK_BYTES',
  fields: {
    owner: i32('thread id + 1, 0 free'),
    format: i32('FORMAT_TEXT to FORMAT_OTLP'),
    seq: i32('scrape sequence'),
    pieces: i32('pieces'),
    bytes: i32('bytes written'),
    status: i32('STATUS_OK, STATUS_FULL'),
    prefixBytes: i32('bytes of the prefix'),
    created: i32('whether the time that series were made is exposed'),
    prefix: bytes(L.MAX_PREFIX_BYTES, 'prefix'),
    time: f64('of what is pushed: the time of its samples, ms since the epoch'),
    series: i32('of what is pushed: SERIES_EXPOSED to SERIES_ALL_GONE'),
    addedBytes: i32('of what is pushed: bytes of the labels that are added, at the beginning of scratch'),
    planPage: ref('page where the next piece of the family begins; 0 when the family is planned to its end'),
    planFirst: i32('first place in that page'),
    planCost: i32('the most bytes that the planned pieces can take'),
    planExemplar: i32('bytes that a planned piece reserves for each exemplar'),
    exemplars: i32('whether exemplars are exposed'),
    plainBytes: i32('bytes of a compressed span before compression'),
    plainCrc: i32('CRC-32 of a compressed span before compression'),
    sweepPage: ref('page at which a sweep goes on; 0 at the end'),
    sweepFreed: i32('series that the sweep freed'),
    reserved: reserved(),
    pieceTable: bytes(L.MAX_PIECES * 6 * 4, 'pieces'),
    scratch: bytes(
      L.SCRATCH_BYTES,
      'what comes before the labels of a line: prefix, name, suffix, default labels; four of them',
    ),
    vector: bytes(L.VECTOR_WORDS * 8, 'folded values'),
    native: bytes(
      (4 + L.MAX_NATIVE_BUCKETS) * 8,
      "a native histogram's buckets, of all shards together, as a block",
    ),
  },
}

/** In the order of the diagrams in offsets.ts. */
export const RECORDS: readonly RecordLayout[] = [
  ...[
    PROCESS,
    HEADER,
    ATTACHMENT,
    SHARD,
    LINEAGE,
    FAMILY,
    SUFFIX,
    PAGE,
    PLACE,
    CELLS,
    SHARES,
    NATIVE,
    BLOCK,
    EXEMPLAR,
    SLOT,
    PIECE,
  ],
]
