/** Numbers and texts as prom-client's exposition spells them. */

/** As ECMAScript does; no number is `Nan`. */
export function spellValue(value: unknown): string {
  if (typeof value === 'number') {
    if (value - value === 0) return String(value)
    return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'Nan'
  }
  return spellValue(Number(value))
}

export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** The name that a counter's family has in OpenMetrics. */
export function baseOf(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
}
