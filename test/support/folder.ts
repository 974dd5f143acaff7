import { mkdtempSync, rmSync } from 'node:fs'
import type { Test } from 'tap'

/** A folder on a file system in memory, as files of registries need; removed when the test ends. */
export function sharedFolder(t: Pick<Test, 'teardown'>): string {
  const folder = mkdtempSync('/dev/shm/postmeter-test-')
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
