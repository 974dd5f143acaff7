/** The bench's rooms: what stands in which, and which may import from which. */
import t from 'tap'
import { type Arrow, arrowsIn, arrowsOf, circle, filesOf } from '../support/rooms.js'

/**
 * What each room of bench/ may import, besides itself: only rooms that stand above it here. `src` and `scripts` are the
 * folders beside bench/. A suite is a room of its own, and knows no other suite but those whose work it measures again.
 */
const SUITE = ['harness', 'report', 'work', 'suites/effort.ts', 'src']
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // These two measure and show, and know nothing of what is measured.
  harness: [],
  report: [],
  work: ['harness', 'src'],
  'suites/effort.ts': ['work'],
  'suites/recording': SUITE,
  'suites/threads': SUITE,
  'suites/encoding': SUITE,
  'suites/sizes': [...SUITE, 'suites/encoding'],
  'suites/folding': SUITE,
  'suites/compression': SUITE,
  'suites/scrape': SUITE,
  'suites/blocked': SUITE,
  'suites/outside': SUITE,
  'suites/scenario': SUITE,
  'suites/gathering': [...SUITE, 'suites/scenario'],
  'suites/series': SUITE,
  'suites/front': SUITE,
  'suites/pushing': SUITE,
  'suites/quiet': SUITE,
  'suites/idle': SUITE,
  'suites/importing': SUITE,
  'suites/checking': SUITE,
  'suites/dashboard': [...SUITE, 'scripts'],
  'suites/watching': SUITE,
  'suites/prom-client': SUITE,
  'suites/native': [...SUITE, 'suites/recording', 'suites/threads', 'suites/encoding', 'scripts'],
  'suites/all.ts': ['report', 'suites/effort.ts', 'suites/*'],
  gate: ['harness', 'report', 'work', 'suites/recording', 'src'],
  'main.ts': ['gate', 'report', 'suites/all.ts', 'suites/effort.ts'],
  'native.ts': ['report', 'suites/effort.ts', 'suites/native'],
}

function roomOf(file: string): string {
  const [first, second, ...rest] = file.split('/')
  if (first === '..') return second!
  if (first === 'suites') return `suites/${second}`
  return rest.length === 0 && second === undefined ? file : first!
}

/** Arrows that the table does not have. */
function strange(arrows: readonly Arrow[]): string[] {
  return arrows
    .filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)]
      const may = MAY_IMPORT[own] ?? []
      const any = may.includes('suites/*') && /^suites\/[^.]+$/.test(other)
      return own !== other && !may.includes(other) && !any
    })
    .map(({ from, to }) => `${from} -> ${to}`)
}

const files = filesOf('bench')
const arrows = arrowsIn('bench', files)

t.test('each file of the bench stands in a room', async t => {
  t.ok(files.length > 50, `${files.length} files were read`)
  t.same(
    [...new Set(files.map(roomOf))].filter(room => MAY_IMPORT[room] === undefined),
    [],
    'which is in the table',
  )
  t.same(
    Object.keys(MAY_IMPORT).filter(room => !files.some(file => roomOf(file) === room)),
    [],
    'and the table has no others',
  )
})

t.test('imports go the way of the table, and never in a circle', async t => {
  t.ok(arrows.length > 150, `${arrows.length} imports were read`)
  t.same(strange(arrows), [], 'no arrow that the table does not have')
  t.same(
    circle(arrows.map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }))),
    [],
    'no circle of rooms',
  )
  t.same(circle(arrows), [], 'no circle of files')
  const rooms = Object.keys(MAY_IMPORT)
  const upward = Object.entries(MAY_IMPORT).flatMap(([room, may]) =>
    may.filter(other => rooms.indexOf(other) > rooms.indexOf(room)).map(other => `${room} -> ${other}`),
  )
  t.same(upward, [], 'and the table itself goes downward')
})

t.test('what is imported, or started by its path, is there', async t => {
  const known = new Set(files)
  t.same(
    arrows
      .filter(({ to }) => !to.startsWith('../') && !known.has(to))
      .map(({ from, to }) => `${from} -> ${to}`),
    [],
  )
})

t.test('a new arrow upward and a circle would be seen', async t => {
  t.same(strange(arrowsOf('harness/race.ts', "import type { Report } from '../report/model.js'")), [
    'harness/race.ts -> report/model.ts',
  ])
  t.same(
    strange(
      arrowsOf('suites/idle/suite.ts', "const CLIENT = new URL('../quiet/client.js', import.meta.url)"),
    ),
    ['suites/idle/suite.ts -> suites/quiet/client.ts'],
    'a program of another suite counts',
  )
  t.same(strange(arrowsOf('report/page.ts', "const { serve } = await import('../../src/index.js')")), [
    'report/page.ts -> ../src/index.ts',
  ])
  t.same(strange(arrowsOf('suites/all.ts', "import { idle } from './idle/suite.js'")), [])
  const back = arrowsOf('harness/child.ts', "export type { Outcome } from './race.js'")
  t.same(new Set(circle([...arrows, ...back])), new Set(['harness/race.ts', 'harness/child.ts']))
})
