/** The trace that a call belongs to, where the program has OpenTelemetry. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

interface Api {
  readonly trace: {
    getSpan(context: unknown): { spanContext(): { traceId: string; spanId: string } } | undefined
  }
  readonly context: { active(): unknown }
}

let api: Api | undefined | null

/** Its ids, as an exemplar has them; no labels where there is no trace. */
export function currentTrace(): Record<string, string> {
  if (api === undefined) {
    try {
      api = require('@opentelemetry/api') as Api
    } catch {
      api = null
    }
  }
  const span = api?.trace.getSpan(api.context.active())
  if (span === undefined) return {}
  const { traceId, spanId } = span.spanContext()
  return { traceId, spanId }
}
