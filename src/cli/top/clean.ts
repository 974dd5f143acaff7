/**
 * Text that came from the network, as a terminal may have it: a cell for each character, two for a wide one. What moves
 * the cursor, changes colours, turns the direction of writing, has no width or a doubtful one becomes `·`, in ASCII `?`.
 */

/** Two cells in each terminal: CJK, Hangul, kana, full-width forms, without those that join the one before. */
const WIDE = String.raw`\u1100-\u115f\u2e80-\u2fff\u3001-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6`
/** One cell: Latin, Greek, Cyrillic, Armenian, Georgian, punctuation, currencies, arrows, signs of mathematics, boxes. */
const NARROW = String.raw`\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u058f\u10a0-\u10ff\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u218b\u2190-\u23e8\u2500-\u25fc`
/** Ranges have characters in them that are not assigned: a terminal may know them, or not. */
const STRANGE = new RegExp(String.raw`[^${WIDE}${NARROW}]|[\p{C}\p{M}]`, 'gu')
const WIDES = new RegExp(`[${WIDE}]`, 'g')
const MARK = '·'

export function clean(text: string, ascii: boolean): string {
  if (ascii) return text.replace(/[^\x20-\x7e]/gu, '?')
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(STRANGE, MARK)
}

/** How many cells a clean text takes. */
export function cells(text: string): number {
  return text.length + (text.match(WIDES)?.length ?? 0)
}

/** A clean text in exactly so many cells: cut, with a mark, or filled up. */
export function fit(text: string, width: number, end: '…' | '~' = '…'): string {
  const taken = cells(text)
  if (taken <= width) return text + ' '.repeat(width - taken)
  if (width <= 0) return ''
  let kept = ''
  let used = 0
  for (const character of text) {
    const more = cells(character)
    if (used + more > width - 1) break
    kept += character
    used += more
  }
  return `${kept}${end}${' '.repeat(width - 1 - used)}`
}

export function fitRight(text: string, width: number, end: '…' | '~' = '…'): string {
  const taken = cells(text)
  return taken <= width ? ' '.repeat(width - taken) + text : fit(text, width, end)
}
