/** Without any tool: what the others are to do. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { check, installed, writePrograms } from './project.js'

t.test('ES modules and CommonJS', async t => {
  const project = await installed(t)
  await writePrograms(project, '.', 'cjs')
  await check(t, project, process.execPath, ['main.mjs'])
  await check(t, project, process.execPath, ['main.cjs'])
})

t.test('an install takes at most 7 MB of disk', async t => {
  const { folder } = await installed(t)
  let bytes = 0
  for (const one of await readdir(join(folder, 'node_modules'), { recursive: true, withFileTypes: true })) {
    // As most file systems keep it: in blocks of 4 KiB.
    if (one.isFile()) bytes += Math.ceil((await stat(join(one.parentPath, one.name))).size / 4_096) * 4_096
  }
  t.ok(bytes > 1_000_000, 'it was looked at')
  t.ok(bytes <= 7_000_000, `${bytes} bytes`)
})
