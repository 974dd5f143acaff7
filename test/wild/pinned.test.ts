/** What is fetched to try postmeter in is the same each time, from whatever mirror npm is set to. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = fileURLToPath(new URL('../../../scripts/pinned/', import.meta.url))

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string
        readonly integrity?: string
        readonly resolved?: string
        readonly dependencies?: object
      }
    >
  >
}

for (const program of await readdir(folder)) {
  t.test(program, async t => {
    const read = async (name: string) => JSON.parse(await readFile(`${folder}${program}/${name}`, 'utf8'))
    const { dependencies } = (await read('package.json')) as { dependencies: Record<string, string> }
    const { packages } = (await read('package-lock.json')) as Lock
    const { '': root, ...locked } = packages
    t.same(root?.dependencies, dependencies)
    for (const [name, version] of Object.entries(dependencies))
      t.equal(packages[`node_modules/${name}`]?.version, version, `${name} is an exact version`)
    const loose = Object.values(locked).filter(({ version, integrity }) => !version || !integrity)
    t.same(loose, [], 'the lock has all versions, and their hashes')
    t.same(
      Object.values(locked).filter(({ resolved }) => resolved !== undefined),
      [],
      'and names no registry',
    )
  })
}
