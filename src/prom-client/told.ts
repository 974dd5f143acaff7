/** The exposition of what get() of some object tells, line by line. */
import { braced, join, spellLabels } from './labels.js'
import type { How } from './spelled.js'
import { baseOf, escapeText, spellValue } from './spelling.js'
import type { Exemplar, Told } from './types.js'

/** `# HELP` and `# TYPE`. */
export function spellHead(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}`
}

/** What stands behind a line of OpenMetrics. */
export function spellExemplar({ labelSet, value, timestamp }: Exemplar): string {
  return ` # {${spellLabels(labelSet)}} ${spellValue(value)} ${timestamp}`
}

export function spellTold(told: Told, { openMetrics, defaults }: How): string {
  const isCounter = openMetrics && told.type === 'counter'
  const name = escapeText(isCounter ? baseOf(told.name) : told.name)
  let text = spellHead(name, String(told.help), told.type)
  for (const { value, labels = {}, sharedLabels = {}, metricName, exemplar } of told.values ?? []) {
    const own = defaults === undefined ? labels : { ...labels, ...defaults, ...labels }
    const spelled = join(spellLabels(own, sharedLabels), spellLabels(sharedLabels))
    const line = `${metricName ?? name}${isCounter ? '_total' : ''}`
    text += `\n${line}${braced(spelled)} ${spellValue(value)}`
    if (exemplar && openMetrics) text += spellExemplar(exemplar)
  }
  return text
}
