import type { Expression } from '../prometheus/server.js'

/** What Grafana puts in the place of its variables when all is selected, at a step of some seconds. */
export function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$__range', '60s')
    .replace(/\$(job|instance|provider)\b/g, '.+')
}

/**
 * The figures that an alert compares, so that they can be asked for while it does not fire: without its limits, its
 * `absent()` and its `offset`, and each side of `and`, `or` and `unless` by itself.
 */
export function figuresOf(alert: string): string[] {
  const expr = alert.trim()
  const inner = insideOf(expr)
  if (inner !== undefined) return figuresOf(inner)
  const sides = splitOutside(expr)
  if (sides.length > 1) return sides.flatMap(figuresOf)
  return [expr.replace(/\s*(==|!=|<=?|>=?)\s*-?[\d.]+/g, '').replace(/\s+offset\s+\w+/g, '')]
}

/** What stands in parentheses, behind absent() or sum by (…) too, if that is all of it. */
function insideOf(expr: string): string | undefined {
  const head = /^(?:absent|sum by \([^)]*\))? ?\(/.exec(expr)
  if (head === null) return undefined
  let depth = 1
  let at = head[0].length
  for (; depth > 0; at++) depth += expr[at] === '(' ? 1 : expr[at] === ')' ? -1 : 0
  return at === expr.length ? expr.slice(head[0].length, -1) : undefined
}

/** Splits at set operators that stand in no parentheses. */
function splitOutside(expr: string): string[] {
  const operator = /^\s+(?:and|or|unless)\b(?:\s+(?:on|ignoring)\s*\([^)]*\))?/
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < expr.length; at++) {
    if ('({['.includes(expr[at]!)) depth++
    else if (')}]'.includes(expr[at]!)) depth--
    const found = depth === 0 ? operator.exec(expr.slice(at)) : null
    if (found === null) continue
    parts.push(expr.slice(from, at))
    from = at + found[0].length
    at = from - 1
  }
  return [...parts, expr.slice(from)]
}

/** All parts of a query, itself first. */
export function partsOf(expression: Expression): Expression[] {
  const inner = Object.values(expression).flatMap(field => (Array.isArray(field) ? field : [field]))
  return [expression, ...inner.filter(isExpression).flatMap(partsOf)]
}

function isExpression(field: unknown): field is Expression {
  return typeof field === 'object' && field !== null && 'type' in field && !('value' in field)
}

/** Names of metrics, or patterns of them, that a query selects. */
export function namesIn(expression: Expression): RegExp[] {
  return partsOf(expression)
    .filter(({ type }) => type === 'vectorSelector' || type === 'matrixSelector')
    .map(({ matchers = [] }) => {
      const matcher = matchers.find(({ name }) => name === '__name__')
      if (matcher === undefined) throw new Error('a selector without a name')
      return new RegExp(`^(?:${matcher.value})$`)
    })
}
