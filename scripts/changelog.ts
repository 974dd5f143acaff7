/** Reads and dates the versions of CHANGELOG.md, whose format is that of Keep a Changelog. */

/** What a version's section says, without its heading; undefined where there is none. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const [, rest] = split(changelog, version) ?? []
  if (rest === undefined) return undefined
  const end = rest.search(/^## /m)
  return (end === -1 ? rest : rest.slice(0, end)).trim()
}

/**
 * The changelog with a date in the heading of a version, `## [1.2.3] - Unreleased` until then.
 *
 * @throws Error if that version has no section, an empty one, or a date already.
 */
export function dated(changelog: string, version: string, date: string): string {
  const section = sectionOf(changelog, version)
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## [${version}]"`)
  if (section === '') throw new Error(`CHANGELOG.md says nothing of ${version}`)
  const heading = `## [${version}] - Unreleased`
  if (!changelog.split('\n').includes(heading)) throw new Error(`CHANGELOG.md has no line "${heading}"`)
  return changelog.replace(heading, `## [${version}] - ${date}`)
}

function split(changelog: string, version: string): [string, string] | undefined {
  const heading = `## [${version}]`
  const at = changelog.startsWith(heading) ? 0 : changelog.indexOf(`\n${heading}`)
  if (at === -1) return undefined
  const end = changelog.indexOf('\n', at + 1)
  return [changelog.slice(0, at), end === -1 ? '' : changelog.slice(end + 1)]
}
