/** The rooms of src/: each thing where a reader looks first, and imports downward only. */
import t from 'tap'
import { type Arrow, arrowsIn, arrowsOf, circle, filesOf } from '../support/rooms.js'

/** What each room may import, besides itself: only rooms that stand above it here. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Errors, the log, checks of options, what inspection shows.
  common: [],
  // Offsets, pages, who owns them.
  memory: ['common'],
  // What exists and what it is called: families, label sets, pages of places and of cells.
  catalogue: ['common', 'memory'],
  // What comes and goes: states, limits, sweeps.
  lifecycle: ['common', 'memory', 'catalogue'],
  // Memories that several processes share: how they are found, who lives, what becomes of the dead.
  processes: ['common', 'memory', 'lifecycle'],
  // What the blocks of native histograms and summaries make together: the one fold that is JavaScript.
  folds: ['common', 'memory', 'catalogue'],
  // The WebAssembly that folds, encodes and sweeps; its sources are in assembly/.
  kernel: ['common', 'memory', 'folds'],
  // Series as a thread finds, makes, holds and lets go of them.
  series: ['common', 'memory', 'catalogue', 'lifecycle', 'folds', 'kernel'],
  // What a producer calls.
  instruments: ['common', 'memory', 'catalogue', 'lifecycle', 'folds', 'series'],
  // The Piscina pool and its task.
  pool: ['common', 'memory', 'lifecycle', 'kernel'],
  // From a registry's memory to parts of an exposition.
  exposition: ['common', 'memory', 'catalogue', 'lifecycle', 'processes', 'kernel', 'pool'],
  // A registry as a thread sees it, and how threads find it.
  registry: [
    ...['common', 'memory', 'catalogue', 'lifecycle', 'processes', 'folds', 'kernel'],
    ...['series', 'instruments', 'exposition'],
  ],
  // What Node and the system tell of a process and its threads, as prom-client names it.
  'defaults/readers': [],
  // collectDefaults().
  defaults: [
    ...['common', 'catalogue', 'series', 'instruments', 'exposition', 'registry', 'defaults/readers'],
  ],
  // Reads expositions of protobuf, and says what buckets mean; for whoever looks at them.
  reading: [],
  // What the dashboard's page and its front say to each other.
  'front/contract': ['reading'],
  // The dashboard as a browser runs it; what of it needs no browser is tested without one.
  'front/page': ['common', 'reading', 'front/contract'],
  // The front: what a request asks for; what its page shows; scrapes that requests share; the two transports; its thread.
  'front/request': ['common', 'exposition', 'front/contract'],
  'front/dashboard': ['common', 'exposition', 'reading', 'front/contract', 'front/request'],
  'front/scrapes': ['common', 'exposition', 'front/request', 'front/dashboard'],
  'front/transports': ['common', 'exposition', 'front/request', 'front/scrapes'],
  'front/thread': [
    ...['common', 'memory', 'instruments', 'exposition', 'registry'],
    ...['front/request', 'front/scrapes', 'front/transports'],
  ],
  // What of it is public: serve() and metricsHandler().
  front: [
    ...['common', 'memory', 'processes', 'exposition', 'registry'],
    ...['front/request', 'front/scrapes', 'front/transports', 'front/thread'],
  ],
  // How one body of a push gets to its receiver.
  'push/delivery': ['common'],
  // What such a body is, in each protocol.
  'push/protocols': ['common', 'exposition', 'push/delivery'],
  'push/options': ['common', 'memory', 'catalogue', 'exposition', 'push/delivery', 'push/protocols'],
  // Its thread.
  'push/thread': [
    ...['common', 'memory', 'catalogue', 'exposition', 'registry'],
    ...['push/delivery', 'push/protocols', 'push/options'],
  ],
  // What of it is public: push().
  push: ['registry', 'push/delivery', 'push/options', 'push/thread'],
  // Where an exposition comes from, and what is said where there is none.
  'cli/source': ['common'],
  // What the bytes of an exposition are: lines, numbers, hashes of names.
  'cli/bytes': [],
  // What checks an exposition, whoever wrote it.
  'cli/check': ['cli/source', 'cli/bytes'],
  // What an endpoint has, from look to look.
  'cli/top/look': ['reading', 'cli/source', 'cli/bytes'],
  // What is shown of it: rows, figures, their order; printed where there is no terminal.
  'cli/top': ['common', 'reading', 'cli/source', 'cli/top/look'],
  // What is drawn on a terminal, and what keys do: loaded only there.
  'cli/top/view': ['cli/source', 'cli/top/look', 'cli/top'],
  // The commands.
  cli: ['common', 'exposition', 'front', 'cli/source', 'cli/check', 'cli/top', 'cli/top/view'],
  // prom-client's public interface over it.
  'prom-client': [...['common', 'memory', 'catalogue', 'folds', 'instruments', 'exposition', 'registry']],
  'prom-client/defaults': ['common', 'defaults/readers', 'prom-client'],
  'prom-client.ts': ['prom-client', 'prom-client/defaults'],
  'index.ts': [
    ...['common', 'memory', 'catalogue', 'folds', 'instruments', 'exposition', 'registry'],
    ...['defaults', 'front', 'push'],
  ],
  // A mail server's metrics, over the public interface: families; then bundles and collectors.
  'mta/families': ['index.ts'],
  // Of the registry, what a control group leaves.
  mta: ['common', 'registry', 'mta/families', 'index.ts'],
  'mta.ts': ['mta', 'mta/families'],
  // Haraka's plugin, a package of its own that depends on this one.
  'haraka-plugin': ['index.ts', 'mta.ts'],
}

const files = filesOf('src')
/** The dashboard's page is built (scripts/build-page.ts), and what answers it reads it as a file. */
const arrows = arrowsIn('src', files).filter(({ to }) => to !== '../page/app.ts')

function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : file
}

/** Arrows that the table does not have. */
function strange(all: readonly Arrow[]): string[] {
  return all
    .filter(({ from, to }) => roomOf(from) !== roomOf(to) && !MAY_IMPORT[roomOf(from)]?.includes(roomOf(to)))
    .map(({ from, to }) => `${from} -> ${to}`)
}

t.test('each file stands in a room', async t => {
  t.ok(files.length > 80, `${files.length} files were read`)
  t.strictSame([...new Set(files.map(roomOf))].sort(), Object.keys(MAY_IMPORT).sort())
})

t.test('imports go the way of the table, and never in a circle', async t => {
  t.ok(arrows.length > 300, `${arrows.length} imports were read`)
  t.strictSame(strange(arrows), [], 'no arrow that the table does not have')
  t.strictSame(circle(arrows), [], 'no circle of files')
  const rooms = Object.keys(MAY_IMPORT)
  const upward = Object.entries(MAY_IMPORT).flatMap(([room, may]) =>
    may.filter(other => rooms.indexOf(other) >= rooms.indexOf(room)).map(other => `${room} -> ${other}`),
  )
  t.strictSame(upward, [], 'and the table itself goes downward: so there is no circle of rooms')
})

t.test('the table has no arrow that nobody uses', async t => {
  const used = new Set(arrows.map(({ from, to }) => `${roomOf(from)} -> ${roomOf(to)}`))
  const unused = Object.entries(MAY_IMPORT).flatMap(([room, may]) =>
    may.map(other => `${room} -> ${other}`).filter(arrow => !used.has(arrow)),
  )
  t.strictSame(unused, [])
})

t.test(
  'instruments never see an exposition, and what of the front a reader reaches never sees memory',
  async t => {
    const upward = arrowsOf('instruments/counter.ts', "import { Plan } from '../exposition/plan.js'")
    t.strictSame(strange(upward), ['instruments/counter.ts -> exposition/plan.ts'])
    const inward = arrowsOf('front/request/request.ts', "import type { Arena } from '../../memory/arena.js'")
    t.strictSame(strange(inward), ['front/request/request.ts -> memory/arena.ts'])
    const back = arrowsOf('memory/arena.ts', "import { Shard } from './shards.js'")
    t.ok(circle([...arrows, ...back]).includes('memory/arena.ts'))
  },
)
