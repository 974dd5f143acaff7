import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** Writes the licences of packages that are joined into what is published: they ask for that. @throws Error where one is missing. */
export function writeLicences(file: string, packages: readonly string[]): void {
  const texts = packages.map(name => {
    const folder = join(modules, name)
    const licence = readdirSync(folder).find(one => /^licen[cs]e(\.|$)/i.test(one))
    if (licence === undefined) throw new Error(`${name} has no file with its licence`)
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`
  })
  const head = 'Parts of these packages are joined into files of this folder.\n'
  writeFileSync(file, [head, ...texts].join(`\n${'-'.repeat(80)}\n\n`))
}
