/** Rooms: which folder may import from which, read off the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The sources, from where the tests are built. */
const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface Arrow {
  readonly from: string
  readonly to: string
}

/** Imports of any form, of types too; and programs started by their path, in a process or a Worker. */
const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*'(\.{1,2}\/[^']*?)'/g

export function arrowsOf(file: string, text: string): Arrow[] {
  return Array.from(text.matchAll(IMPORT), ([, path]) => path!)
    .filter(path => path.endsWith('.js'))
    .map(path => ({
      from: file,
      to: posix.join(dirname(file), path).replace(/\.js$/, '.ts'),
    }))
}

/** Files of a folder, by their path in it. AssemblyScript is another language, compiled apart. */
export function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(join(root, folder), join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter(file => !/(^|\/)assembly\//.test(file))
}

export function arrowsIn(folder: string, files: readonly string[]): Arrow[] {
  return files.flatMap(file => arrowsOf(file, readFileSync(join(root, folder, file), 'utf8')))
}

/** A circle among the nodes, as a path that ends where it began; empty if there is none. */
export function circle(arrows: readonly Arrow[]): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of arrows) if (from !== to) targets.set(from, [...(targets.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return []
    for (const target of targets.get(node) ?? []) {
      const found = visit(target, [...path, node])
      if (found.length > 0) return found
    }
    done.add(node)
    return []
  }
  for (const node of targets.keys()) {
    const found = visit(node, [])
    if (found.length > 0) return found
  }
  return []
}
