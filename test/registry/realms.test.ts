/**
 * Realms: a thread can have several (node:vm; test runners make one for each file). Each begins with registries of its
 * own; two copies of the package in one realm meet; Workers find what the threads above them made.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

t.test('realms of one thread are apart, and their Workers find them', async t => {
  const program = fileURLToPath(new URL('../fixtures/realms.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    program,
  ])
  const { inWorker, ...inMain } = JSON.parse(stdout)
  t.same(
    inMain,
    {
      foundBeforeB: true,
      copiesAreTwo: true,
      copiesMeet: true,
      bBeginsAt: 'nothing',
      values: [5, 2],
      apart: true,
      foundAfterB: true,
      bIsOpen: true,
      foundAfterAClosed: true,
      aBeginsAnew: 'nothing',
      notFoundByName: true,
      metByHandle: [3, 3],
      byNameFromThenOn: true,
      served: true,
      refusesOthers: [true, true, true],
      pooled: 5_000,
    },
    'in the main thread',
  )
  t.same(
    inWorker,
    {
      bothFindIt: [true, true],
      ownIsOwn: true,
      ownBeginsAt: 'nothing',
      sharedCounts: [4, 5],
      below: true,
    },
    'in a Worker',
  )
})
