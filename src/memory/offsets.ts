// Written by scripts/write-layout.ts from records.ts: not to be changed by hand.

/**
 * Process, 624 bytes. What the threads of one process have in common for this memory, at PROCESS_AT.
 *
 *     0         attachment      the number of its attachment; 0 if the memory is not shared with other
 *                               processes
 *     1         closed          1 once any of its threads has closed the registry
 *     2         descriptor      the process' descriptor of the file that lies over what is recorded; 0 if there
 *                               is none: see Arena.alloc
 *     3         lock            the descriptor that holds the lock of the process' attachment: see
 *                               processes/attachments.ts
 *     4         slot            the number of the record of its attachment, from 1 on
 *     5         taking          threads that are about to own something: see memory/owner.ts
 *     6         reader          1 if the process may only read what is recorded: see processes/reader.ts
 *     7         living          for who only reads: processes that are attached and live
 *     8..135    dead            for who only reads: a bit for each shard whose process has died, and that
 *                               nobody has buried
 *     136       laidOut         LAYOUT_VERSION once all that follows is there: see Arena.keep
 *     137       pages           as H_PAGES was found; so are those that follow
 *     138       arena           the arena's beginning
 *     139       limit           the arena's end
 *     140       hash            series hash table
 *     141       hashMask        buckets of the hash table, less one
 *     142       shards          shard table
 *     143       shardCount      number of shards
 *     144       attachments     table of attachments
 *     145       slots           first slot
 *     146       slotWords       words from one slot to the next
 *     147       slotText        capacity of a slot's text, in bytes
 *     148       maxLabelBytes   the most bytes of a label value
 *     149..150  key             the key of the hashes
 *     151,152   defaults        default labels as exposition text
 *     153,154   defaultsJson    default labels as JSON members
 *     155       defaultsCount   number of default labels
 */
export const P_ATTACHMENT = 2048
export const P_CLOSED = 2049
export const P_DESCRIPTOR = 2050
export const P_LOCK = 2051
export const P_SLOT = 2052
export const P_TAKING = 2053
export const P_READER = 2054
export const P_LIVING = 2055
export const P_DEAD = 2056
export const P_LAID_OUT = 2184
export const P_PAGES = 2185
export const P_ARENA = 2186
export const P_LIMIT = 2187
export const P_HASH = 2188
export const P_HASH_MASK = 2189
export const P_SHARDS = 2190
export const P_SHARD_COUNT = 2191
export const P_ATTACHMENTS = 2192
export const P_SLOTS = 2193
export const P_SLOT_WORDS = 2194
export const P_SLOT_TEXT = 2195
export const P_MAX_LABEL_BYTES = 2196
export const P_KEY = 2197
export const P_DEFAULTS = 2199
export const P_DEFAULTS_BYTES = 2200
export const P_DEFAULTS_JSON = 2201
export const P_DEFAULTS_JSON_BYTES = 2202
export const P_DEFAULTS_COUNT = 2203
export const PROCESS_BYTES = 624

/**
 * Header, 512 bytes. Each memory has one, at HEADER_AT.
 *
 *     0         magic           MAGIC, stored last: a memory that has it is laid out
 *     1         version         LAYOUT_VERSION
 *     2         bump            next free word of the arena; only ever raised, by compare-exchange
 *     3         limit           the arena's end
 *     4         hash            series hash table
 *     5         hashMask        buckets of the hash table, less one
 *     6         shards          shard table
 *     7         shardCount      number of shards, the common one (index 0) included
 *     8         pages           pages of WebAssembly in the memory, without its workspaces
 *     9         slots           first slot
 *     10        slotWords       words from one slot to the next
 *     11        slotText        capacity of a slot's text, in bytes
 *     12        births          raised with each series that is made, which notes it: see memory/births.ts
 *     13        aged            births at the last look for series so old that their births could not be told
 *                               from later ones
 *     14        room            raised whenever something that was refused may be granted now: see
 *                               lifecycle/room.ts
 *     15        epoch           the reclamation epoch: raised after each sweep
 *     16        series          series in all of the program's families with labels
 *     17        maxSeries       the most series; 0 for no limit
 *     18,19     defaults        default labels as exposition text
 *     20,21     defaultsJson    default labels as JSON members
 *     22        defaultsCount   number of default labels
 *     23        maxLabelBytes   the most bytes of a label value
 *     24        threadsRefused  raised when a thread is refused a shard
 *     25        requests        raised with each request to let go of a place
 *     26        sweptAt         when the last sweep began, ms since the registry was made
 *     27        retired         series that the last sweep left hidden
 *     28..29    families        newest family, and above it how often one was hidden or shown again: see
 *                               catalogue/families.ts
 *     30..31    sweeper         the thread that sweeps, and 1; 0 for none
 *     32..33    birth           when the registry was made, ms since the epoch
 *     34..35    started         the same moment on the system's monotonic clock: memory/clock.ts counts from it
 *     36..49    drops           dropped updates that no family could count, by reason
 *     50..51    made            label sets registered in the program's families
 *     52..53    expired         of these, freed
 *     54..55    removed         of these, taken out by remove() and clear()
 *     56..57    sweeps          sweeps that ended
 *     58..59    sweepsFailed    sweeps that failed
 *     60..61    sweepTotal      time that sweeps took, µs
 *     62        sweepLast       time that the last sweep took, µs
 *     63        places          number of places for series with labels
 *     64        dropPage        page of drops that no family can count
 *     65        deathsInside    deaths after which series must be counted anew: see lifecycle/recount.ts
 *     66        recounted       of these, deaths after which series were counted anew
 *     67        lineages        newest record of which threads end together: see memory/lineage.ts
 *     68                        reserved
 *     69        attachments     table of attachments
 *     70,71     options         options of the registry, as JSON
 *     72..75    id              the registry's random id
 *     76..77    buried          processes that were found dead
 *     78        numbers         the number that was given to an attachment last; none is given twice
 *     79..80    key             the key of the hashes: random, so that nobody can choose label values that
 *                               collide
 *     81        beginning       1 while the memory is begun anew: see processes/anew.ts
 *     82..83    uptime          ms since the registry was made, as far as it was noted: its time goes on from
 *                               here when it begins anew
 */
export const H_MAGIC = 32768
export const H_VERSION = 32769
export const H_BUMP = 32770
export const H_LIMIT = 32771
export const H_HASH = 32772
export const H_HASH_MASK = 32773
export const H_SHARDS = 32774
export const H_SHARD_COUNT = 32775
export const H_PAGES = 32776
export const H_SLOTS = 32777
export const H_SLOT_WORDS = 32778
export const H_SLOT_TEXT = 32779
export const H_BIRTHS = 32780
export const H_AGED = 32781
export const H_ROOM = 32782
export const H_EPOCH = 32783
export const H_SERIES = 32784
export const H_MAX_SERIES = 32785
export const H_DEFAULTS = 32786
export const H_DEFAULTS_BYTES = 32787
export const H_DEFAULTS_JSON = 32788
export const H_DEFAULTS_JSON_BYTES = 32789
export const H_DEFAULTS_COUNT = 32790
export const H_MAX_LABEL_BYTES = 32791
export const H_THREADS_REFUSED = 32792
export const H_REQUESTS = 32793
export const H_SWEPT_AT = 32794
export const H_RETIRED = 32795
export const H_FAMILIES = 32796
export const H_SWEEPER = 32798
export const H_BIRTH_WORD = 16400
export const H_STARTED_WORD = 16401
export const H_DROPS = 32804
export const H_MADE = 32818
export const H_EXPIRED = 32820
export const H_REMOVED = 32822
export const H_SWEEPS = 32824
export const H_SWEEPS_FAILED = 32826
export const H_SWEEP_TOTAL = 32828
export const H_SWEEP_LAST = 32830
export const H_PLACES = 32831
export const H_DROP_PAGE = 32832
export const H_DEATHS_INSIDE = 32833
export const H_RECOUNTED = 32834
export const H_LINEAGES = 32835
export const H_ATTACHMENTS = 32837
export const H_OPTIONS = 32838
export const H_OPTIONS_BYTES = 32839
export const H_ID = 32840
export const H_BURIED = 32844
export const H_NUMBERS = 32846
export const H_KEY = 32847
export const H_BEGINNING = 32849
export const H_UPTIME_WORD = 16425
export const HEADER_BYTES = 512

/**
 * Attachment, 16 bytes. One process' use of a memory that several share: see processes/attachments.ts. As many
 * as threads can record.
 *
 *     0         number          its number, 0 if the record is free
 *     1         process         the process' id, as itself sees it: for people
 *     2         since           when it attached, ms since the registry was made
 *     3                         reserved
 */
export const ATTACHMENT_NUMBER = 0
export const ATTACHMENT_PROCESS = 1
export const ATTACHMENT_SINCE = 2
export const ATTACHMENT_WORDS = 2

/**
 * Shard, 256 bytes. What one thread owns.
 *
 *     0..1      owner           its owner, and SHARD_FREE to SHARD_MOVING: see memory/owner.ts
 *     2         claimed         when it was claimed, ms since the registry was made
 *     3         cells           newest page of cells
 *     4         epoch           the epoch that its thread is inside, 0 outside
 *     5         claims          how often it was claimed
 *     6         text            where the next text goes
 *     7         textEnd         where the chunk of that text ends
 *     8         watched         1 once it is known that the thread's end will be seen
 *     9         making          family of which its thread is making a series, which may take the last room; 0
 *                               for none
 *     10..48    freeTexts       freed texts by size class, chained through their first field
 *     49..63                    reserved
 */
export const SHARD_OWNER = 0
export const SHARD_CLAIMED = 2
export const SHARD_CELLS = 3
export const SHARD_EPOCH = 4
export const SHARD_CLAIMS = 5
export const SHARD_TEXT = 6
export const SHARD_TEXT_END = 7
export const SHARD_WATCHED = 8
export const SHARD_MAKING = 9
export const SHARD_FREE_TEXTS = 10
export const SHARD_WORDS = 32

/**
 * Lineage, 64 bytes. The threads above a thread, with which it ends: see memory/lineage.ts.
 *
 *     0         next            older record
 *     1                         reserved
 *     2..3      owner           the thread, and LINEAGE_FREE to LINEAGE_WHOLE
 *     4..15     above           ids + 1 of the threads above it, nearest last, then 0
 */
export const LINEAGE_NEXT = 0
export const LINEAGE_OWNER = 2
export const LINEAGE_ABOVE = 4
export const LINEAGE_WORDS = 8

/**
 * Family, 264 bytes. A metric. Written whole, then published by a compare-exchange of H_FAMILIES.
 *
 *     0         next            older family
 *     1         kind            KIND_COUNTER to KIND_INFO
 *     2         aggregate       AGGREGATE_SUM to AGGREGATE_LAST
 *     3         flags           FLAG_SELF to FLAG_LEFT
 *     4         cells           cells of a place in each shard
 *     5         bounds          bucket bounds without +Inf, or quantiles
 *     6         labels          label names
 *     7         pagePlaces      the most places of a page
 *     8,9       name            name
 *     10,11     definition      what makes two registrations the same family, as JSON
 *     12,13     help            after the name in HELP, up to TYPE
 *     14,15     type            the end of the TYPE line
 *     16,17     json            after the name in JSON
 *     18        suffixes        table of suffixes
 *     19        firstPage       first page of places
 *     20        lastPage        last page: a hint
 *     21        series          series counted against the limit
 *     22        maxSeries       the most series; 0 for no limit
 *     23        expireAfter     ms; 0 for never
 *     24..37    drops           updates dropped, by reason
 *     38..39    birth           when it was registered, ms since the epoch
 *     40        suffixMax       bytes of the longest suffix
 *     41        pages           pages of places made
 *     42        frees           places freed
 *     43        removals        removals under way, or broken off by a death
 *     44        expireRule      EXPIRE_UNCHANGED to EXPIRE_UNTOUCHED
 *     45        dropPage        page of DROP_REASONS places in the family of dropped updates
 *     46,47     rawHelp         help as the program gave it
 *     48,49     omHelp          after the name in OpenMetrics' HELP
 *     50,51     omType          the end of the TYPE line in OpenMetrics
 *     52,53     omUnit          the end of the UNIT line: ` unit` and a line feed; no bytes if there is no unit
 *     54        baseBytes       bytes of the name without `_total`
 *     55        unitBytes       bytes of the unit
 *     56        hidden          series that the last sweep left hidden, and those removed since; if 0, a sweep
 *                               can pass over the family, unless its series expire
 *     57        age             ms of an age bucket of a summary: its quantiles are over F_BLOCKS age buckets
 *     58        blocks          blocks of a place in each shard: one in a native histogram, one for each age
 *                               bucket in a summary
 *     59        exemplarMax     the most bytes of an exemplar's text, 0 if none was given yet; raised in steps
 *                               before a longer one is kept
 *     60        nativeSchema    a native histogram's finest schema
 *     61        nativeBuckets   the most buckets of a native histogram; 0 if it is none
 *     62        current         the place of an info that is exposed, 0 if none was set: see
 *                               instruments/info.ts
 *     63        resets          raised by each reset of a gauge, after its cells are zero: what threads took
 *                               over from dead ones is then gone, too
 *     64        refused         1 once a label set was refused, 0 again once one was made: see
 *                               lifecycle/room.ts
 *     65                        reserved
 *     66..                      table of suffixes, and the texts
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
export const F_BIRTH_WORD = 19
export const F_SUFFIX_MAX = 40
export const F_PAGES = 41
export const F_FREES = 42
export const F_REMOVALS = 43
export const F_EXPIRE_RULE = 44
export const F_DROP_PAGE = 45
export const F_RAW_HELP = 46
export const F_RAW_HELP_BYTES = 47
export const F_OM_HELP = 48
export const F_OM_HELP_BYTES = 49
export const F_OM_TYPE = 50
export const F_OM_TYPE_BYTES = 51
export const F_OM_UNIT = 52
export const F_OM_UNIT_BYTES = 53
export const F_BASE_BYTES = 54
export const F_UNIT_BYTES = 55
export const F_HIDDEN = 56
export const F_AGE = 57
export const F_BLOCKS = 58
export const F_EXEMPLAR_MAX = 59
export const F_NATIVE_SCHEMA = 60
export const F_NATIVE_BUCKETS = 61
export const F_CURRENT = 62
export const F_RESETS = 63
export const F_REFUSED = 64
export const FAMILY_WORDS = 33

/**
 * Suffix, 32 bytes. A histogram has one for each bucket, +Inf included; a summary has one for each quantile.
 *
 *     0,1       text            `,le="…"} ` as text spells it
 *     2,3       json            `[le,`
 *     4,5       openmetrics     `,le="…"} ` as OpenMetrics spells it
 *     6..7      bound           the bound, or quantile
 */
export const SUFFIX_TEXT = 0
export const SUFFIX_TEXT_BYTES = 1
export const SUFFIX_JSON = 2
export const SUFFIX_JSON_BYTES = 3
export const SUFFIX_OPENMETRICS = 4
export const SUFFIX_OPENMETRICS_BYTES = 5
export const SUFFIX_BOUND_WORD = 3
export const SUFFIX_WORDS = 4

/**
 * Page of places, 40 bytes. Series of one family, filled by the one shard that owns it.
 *
 *     0         next            next page of the family
 *     1         family          family
 *     2         owner           index of the shard that fills it
 *     3         capacity        places
 *     4         cells           newest page of cells
 *     5         number          number of the page in the family
 *     6         frees           places freed so far: a reader that finds it changed reads the page again
 *     7         textBytes       the most bytes of all its label texts together; with TEXT_CONTROL_BIT once one
 *                               had control characters
 *     8         made            places made so far, raised before one is LIVE: used as frees is
 *     9                         reserved
 *     10..                      places
 */
export const PAGE_NEXT = 0
export const PAGE_FAMILY = 1
export const PAGE_OWNER = 2
export const PAGE_CAPACITY = 3
export const PAGE_CELLS = 4
export const PAGE_NUMBER = 5
export const PAGE_FREES = 6
export const PAGE_TEXT_BYTES = 7
export const PAGE_MADE = 8
export const PAGE_HEADER_WORDS = 5

/**
 * Place, 48 bytes. One series, for all threads together. Its label text is `a="x",b="y"`, escaped, followed in
 * memory by `} `, which its length leaves out.
 *
 *     0         state           STATE_FREE to STATE_UNLINKED, and above it the generation: see
 *                               lifecycle/states.ts
 *     1         next            next in the hash chain
 *     2         hash            of the label text
 *     3         text            label text
 *     4         textBytes       its bytes, with TEXT_CONTROL_BIT
 *     5         index           index in its page, and above it the words that its text has room for
 *     6..7      birth           when it was made, ms since the epoch
 *     8..9      fold            last fold that the sweeper noted
 *     10        changed         last change that the sweeper noted, ms since the registry was made; in an
 *                               UNLINKED place, the epoch in which it was unlinked
 *     11        born            H_BIRTHS at birth
 */
export const PLACE_STATE = 0
export const PLACE_NEXT = 1
export const PLACE_HASH = 2
export const PLACE_TEXT = 3
export const PLACE_TEXT_BYTES = 4
export const PLACE_INDEX = 5
export const PLACE_BIRTH_WORD = 3
export const PLACE_FOLD_WORD = 4
export const PLACE_CHANGED = 10
export const PLACE_BORN = 11
export const PLACE_WORDS = 6

/**
 * Page of cells, 56 bytes. One shard's Float64s for the places of one page. Zeroed (or unset, for min and max),
 * then published by compare-exchange of PAGE_CELLS.
 *
 *     0         next            older page of cells of the same page of places
 *     1         shard           index of the shard that owns it
 *     2         ownNext         older page of cells of the same shard
 *     3         page            page of places
 *     4..7      owned           a bit for each place: this shard's thread may store there
 *     8..11     requested       a bit for each place: that thread is asked to let go
 *     12        exemplars       table of references to exemplars, 0 for none
 *     13                        reserved
 *     14..                      cells, F_CELLS a place; then a gauge's Shares, or F_BLOCKS times a Block
 *                               reference a place
 */
export const CELLS_NEXT = 0
export const CELLS_SHARD = 1
export const CELLS_OWN_NEXT = 2
export const CELLS_PAGE = 3
export const CELLS_OWNED = 4
export const CELLS_REQUESTED = 8
export const CELLS_EXEMPLARS = 12
export const CELLS_HEADER_WORDS = 7

/**
 * Shares, 48 bytes. What the cells of a gauge are to their shard's thread, a bit for each place: see
 * memory/shares.ts.
 *
 *     0..3      own             the cell is this shard's living thread's
 *     4..7      set             the thread has set it, not only added to it
 *     8..11     beside          a dead thread's share is in it, too, and what the thread has set beside it is
 *                               not zero
 */
export const SHARE_OWN = 0
export const SHARE_SET = 4
export const SHARE_BESIDE = 8
export const SHARE_WORDS = 6

/**
 * Block reference, 16 bytes. Where one shard counts a place's exponential buckets, or those of a summary's age
 * bucket: see memory/native.ts.
 *
 *     0         block           block, 0 for none
 *     1         seq             raised before a block that was here is used for anything else
 *     2         spare           block of the place's earlier life
 *     3         age             in a summary: the number of the age that it counts, plus one; in the first one
 *                               of the common shard: the last age that is not exposed any more, plus one
 */
export const NATIVE_BLOCK = 0
export const NATIVE_SEQ = 1
export const NATIVE_SPARE = 2
export const NATIVE_AGE = 3
export const NATIVE_WORDS = 2

/**
 * Block, 32 bytes. A window of counts for each sign. Its shape never changes while it is in use.
 *
 *     0         free            chains freed texts
 *     1         words           size in words
 *     2         schema          schema
 *     3                         reserved
 *     4         low             lowest positive index
 *     5         counts          positive counts
 *     6         negativeLow     lowest negative index
 *     7         negativeCounts  negative counts
 *     8..                       counts (Float64), positive first, of ascending index
 */
export const BLOCK_FREE = 0
export const BLOCK_WORDS = 1
export const BLOCK_SCHEMA = 2
export const BLOCK_LOW = 4
export const BLOCK_COUNTS = 5
export const BLOCK_NEGATIVE_LOW = 6
export const BLOCK_NEGATIVE_COUNTS = 7
export const BLOCK_HEADER_WORDS = 4

/**
 * Exemplar, 32 bytes. The last exemplar of a line of a series in one shard: see memory/exemplars.ts. For each
 * place, the table has a reference for each line that can have one: one for each bucket, or one.
 *
 *     0         seq             odd while it is written (chains freed texts)
 *     1         words           size in words
 *     2         bytes           bytes of its text; -1 if there is no exemplar
 *     3                         reserved
 *     4..5      value           value
 *     6..7      time            when it was given, s since the epoch
 *     8..                       text: `a="x",b="y"`, escaped
 */
export const EXEMPLAR_SEQ = 0
export const EXEMPLAR_WORDS = 1
export const EXEMPLAR_BYTES = 2
export const EXEMPLAR_VALUE_WORD = 2
export const EXEMPLAR_TIME_WORD = 3
export const EXEMPLAR_HEADER_WORDS = 4

/**
 * Slot, 73,720 bytes. Where a span is planned, folded and encoded. One more slot is for sweeps.
 *
 *     0         owner           thread id + 1, 0 free
 *     1         format          FORMAT_TEXT to FORMAT_OTLP
 *     2         seq             scrape sequence
 *     3         pieces          pieces
 *     4         bytes           bytes written
 *     5         status          STATUS_OK, STATUS_FULL
 *     6         prefixBytes     bytes of the prefix
 *     7         created         whether the time that series were made is exposed
 *     8..23     prefix          prefix
 *     24..25    time            of what is pushed: the time of its samples, ms since the epoch
 *     26        series          of what is pushed: SERIES_EXPOSED to SERIES_ALL_GONE
 *     27        addedBytes      of what is pushed: bytes of the labels that are added, at the beginning of
 *                               scratch
 *     28        planPage        page where the next piece of the family begins; 0 when the family is planned to
 *                               its end
 *     29        planFirst       first place in that page
 *     30        planCost        the most bytes that the planned pieces can take
 *     31        planExemplar    bytes that a planned piece reserves for each exemplar
 *     32        exemplars       whether exemplars are exposed
 *     33        plainBytes      bytes of a compressed span before compression
 *     34        plainCrc        CRC-32 of a compressed span before compression
 *     35        sweepPage       page at which a sweep goes on; 0 at the end
 *     36        sweepFreed      series that the sweep freed
 *     37                        reserved
 *     38..3109  pieceTable      pieces
 *     3110..14373scratch         what comes before the labels of a line: prefix, name, suffix, default labels;
 *                               four of them
 *     14374..16421vector          folded values
 *     16422..18429native          a native histogram's buckets, of all shards together, as a block
 *     18430..                   text, H_SLOT_TEXT bytes, and SLACK_BYTES
 */
export const SLOT_OWNER = 0
export const SLOT_FORMAT = 1
export const SLOT_SEQ = 2
export const SLOT_PIECES = 3
export const SLOT_BYTES = 4
export const SLOT_STATUS = 5
export const SLOT_PREFIX_BYTES = 6
export const SLOT_CREATED = 7
export const SLOT_PREFIX_WORD = 4
export const SLOT_TIME_WORD = 12
export const SLOT_SERIES = 26
export const SLOT_ADDED_BYTES = 27
export const SLOT_PLAN_PAGE = 28
export const SLOT_PLAN_FIRST = 29
export const SLOT_PLAN_COST = 30
export const SLOT_PLAN_EXEMPLAR = 31
export const SLOT_EXEMPLARS = 32
export const SLOT_PLAIN_BYTES = 33
export const SLOT_PLAIN_CRC = 34
export const SLOT_SWEEP_PAGE = 35
export const SLOT_SWEEP_FREED = 36
export const SLOT_PIECE_TABLE_WORD = 19
export const SLOT_SCRATCH_WORD = 1555
export const SLOT_VECTOR_WORD = 7187
export const SLOT_NATIVE_WORD = 8211
export const SLOT_TEXT_WORD = 9215

/**
 * Piece, 24 bytes. Part of a family in a span.
 *
 *     0         family          family
 *     1         page            page where it begins
 *     2         first           first place in that page
 *     3         count           number of places, over as many pages as it takes
 *     4         flags           PIECE_HEAD to PIECE_CLOSE
 *     5         exemplar        bytes planned for each exemplar
 */
export const PIECE_FAMILY = 0
export const PIECE_PAGE = 1
export const PIECE_FIRST = 2
export const PIECE_COUNT = 3
export const PIECE_FLAGS = 4
export const PIECE_EXEMPLAR = 5
export const PIECE_FIELDS = 6
