/**
 * Haraka's .ini format, with the line of each entry. Haraka's own reader drops lines that it cannot read and takes the
 * last of two entries of one name, which a config of metrics would never be missed for.
 */

/** A mistake in the file: its message begins with the file and the line. */
export class IniMistake extends Error {
  override readonly name = 'IniMistake'

  constructor(file: string, line: number | undefined, why: string) {
    super(line === undefined ? `${file}: ${why}` : `${file}, line ${line}: ${why}`)
  }
}

export interface Entry {
  readonly value: string
  readonly line: number
}

/** A section's entries by key. */
export interface Section {
  readonly line: number
  readonly entries: Map<string, Entry>
}

// As haraka-config has them.
const COMMENT = /^\s*[;#]/
const SECTION = /^\s*\[([^\]]*)\]\s*$/
const CONTINUED = /\\[ \t]*$/
const ENTRY = /^\s*([\w@:._+\-/]+)\s*=\s*(.*?)\s*$/

/**
 * The sections of a file, `main` for what stands before the first.
 *
 * @throws IniMistake for a line that is none of the format, and for a section's second entry of one name.
 */
export function parseIni(file: string, text: string): Map<string, Section> {
  let section: Section = { line: 1, entries: new Map() }
  const sections = new Map([['main', section]])
  let begun = ''
  const lines = text.split(/\r\n|\r|\n/)
  lines.forEach((written, index) => {
    const line = index + 1
    if (COMMENT.test(written) || written.trim() === '') return
    const named = SECTION.exec(written)
    if (named !== null) {
      if (begun !== '')
        throw new IniMistake(file, line, 'the line before goes on here, and this is a section')
      const name = named[1]!.trim()
      section = sections.get(name) ?? { line, entries: new Map() }
      sections.set(name, section)
      return
    }
    if (CONTINUED.test(written)) {
      begun += written.replace(CONTINUED, '')
      return
    }
    const whole = begun + written
    begun = ''
    const [, key, value] = ENTRY.exec(whole) ?? []
    if (key === undefined)
      throw new IniMistake(file, line, `${shown(whole)} is no "key=value", section or comment`)
    const before = section.entries.get(key)
    if (before !== undefined)
      throw new IniMistake(file, line, `${key} is there a second time; the first is in line ${before.line}`)
    section.entries.set(key, { value: value!, line })
  })
  if (begun !== '') throw new IniMistake(file, lines.length, 'the last line ends with a backslash')
  return sections
}

/** A text as a message shows it. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}
