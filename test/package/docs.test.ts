/** Links of the pages lead somewhere: in a clone, and those of the packed pages in the package, too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makeConsumer } from './consumer.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
for (const name of readdirSync(join(root, 'docs'))) if (name.endsWith('.md')) pages.push(`docs/${name}`)

interface Link {
  page: string
  /** From the root; empty for an anchor of the page itself. */
  path: string
  anchor: string | undefined
}

t.test('every link in a page leads to a file, and its anchor to a heading', async t => {
  const links = pages.flatMap(linksOf)
  t.ok(links.length > 50, `${links.length} links`)
  for (const { page, path, anchor } of links) {
    if (!existsSync(join(root, path))) t.fail(`${page}: no ${path}`)
    else if (anchor !== undefined && !anchorsOf(path).has(anchor)) t.fail(`${page}: no #${anchor} in ${path}`)
  }
})

t.test('packed pages lead to what is packed, or say that it is in the repository', async t => {
  const { files } = await makeConsumer(t)
  for (const page of pages) {
    t.ok(files.includes(page), `${page} is packed`)
    const outside = linksOf(page).filter(({ path }) => {
      return !files.includes(path) && !files.some(file => file.startsWith(`${path}/`))
    })
    const sources = outside.filter(({ path }) => /^(src|test|bench|scripts|\.ci)(\/|$)/.test(path))
    t.same(
      outside.filter(link => !sources.includes(link)),
      [],
      `${page}: links to files that are in no package`,
    )
    if (sources.length === 0) continue
    t.match(text(page), /not in the (npm )?package/, `${page} says where the sources are that it links to`)
  }
})

t.test("the fields that are left to the project's owner are documented, or filled in", async t => {
  const fields = JSON.parse(text('package.json'))
  const contributing = text('CONTRIBUTING.md')
  for (const [name, value] of Object.entries({
    homepage: fields.homepage,
    repository: fields.repository?.url,
    bugs: fields.bugs?.url,
    author: fields.author,
  })) {
    if (value === '') t.ok(contributing.includes(`\`${name}\``), `CONTRIBUTING.md names ${name}`)
    else t.match(value, /\S/, `${name} is filled in`)
  }
})

function linksOf(page: string): Link[] {
  const links: Link[] = []
  for (const [, target] of prose(page).matchAll(/\]\(([^()\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path, anchor] = target.split('#')
    links.push({
      page,
      path: path === '' ? page : relative(root, join(root, dirname(page), path)),
      anchor,
    })
  }
  return links
}

/** A page without its code blocks. */
function prose(page: string): string {
  return text(page).replace(/^```.*?^```/gms, '')
}

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Of headings, as GitHub and npm make them, and of explicit ones. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of prose(page).matchAll(/^#+ +(.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    let unique = slug
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  for (const [, id] of text(page).matchAll(/<a id="([^"]+)">/g)) anchors.add(id)
  return anchors
}
