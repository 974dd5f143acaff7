/**
 * OTLP/HTTP, metrics as protobuf: a span is the metrics of one scope of one resource, which stand before it.
 *
 *     ExportMetricsServiceRequest   1: ResourceMetrics   1: Resource    1: KeyValue { 1: key, 2: AnyValue { 1: text } } …
 *                                                        2: ScopeMetrics   1: Scope { 1: name }
 *                                                                          2: Metric …   the span
 *
 * Sources: OpenTelemetry's protocol specification, 'OTLP/HTTP', and opentelemetry-proto.
 */
import { GzipMember } from '../../exposition/gzip.js'
import type { Answer } from '../delivery/outcome.js'
import type { Rejected } from './body.js'
import type { SpanFormat } from './spans.js'
import { before, field, readFields } from './wire.js'

/** What Prometheus' labels are called as attributes of a resource. OpenTelemetry's 'Prometheus Compatibility'. */
const RESOURCE: Readonly<Record<string, string>> = { job: 'service.name', instance: 'service.instance.id' }

/** What is more is no number of samples: a body has a few thousand. */
const MOST_REJECTED = 2 ** 32

const text = (value: string) => Buffer.from(value)

/** Its spans are compressed. */
export function otlp(labels: Readonly<Record<string, string>>): SpanFormat {
  const attributes = Object.entries(labels).map(([name, value]) =>
    field(1, Buffer.concat([field(1, text(RESOURCE[name] ?? name)), field(2, field(1, text(value)))])),
  )
  const resource = field(1, Buffer.concat(attributes))
  const scope = field(1, field(1, text('postmeter')))
  return {
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    body({ bytes, plainBytes, plainCrc }) {
      const scoped = before(2, scope.length + plainBytes)
      const all = before(1, resource.length + scoped.length + scope.length + plainBytes)
      const member = new GzipMember()
      const head = [member.header(), member.stored(Buffer.concat([all, resource, scoped, scope]))]
      member.add(plainCrc, plainBytes)
      return Buffer.concat([...head, bytes, member.trailer()])
    },
    accepts,
    explain,
    rejected,
  }
}

/** An empty answer, or a message. */
function accepts({ body, headers, cut }: Answer): string | undefined {
  const type = headers['content-type'] ?? ''
  if (body.length === 0 || (isProtobuf(type) && !cut && readFields(body) !== undefined)) return undefined
  // JSON is what some send whatever was asked.
  if (/^application\/json\b/i.test(type)) return undefined
  return `its answer is no answer of OTLP (content-type ${JSON.stringify(type.slice(0, 60))})`
}

/** The message of google.rpc.Status. */
function explain({ body, headers, cut }: Answer): string | undefined {
  const type = headers['content-type'] ?? ''
  if (!isProtobuf(type)) return /^text\/plain\b/i.test(type) ? Buffer.from(body).toString() : undefined
  const message = cut ? undefined : readFields(body)?.get(2)
  return message instanceof Uint8Array ? Buffer.from(message).toString() : undefined
}

/** What a partial success leaves out, or warns of. */
function rejected({ body, headers, cut }: Answer): Rejected | undefined {
  if (cut || !isProtobuf(headers['content-type'] ?? '')) return undefined
  const partial = readFields(body)?.get(1)
  if (!(partial instanceof Uint8Array)) return undefined
  const fields = readFields(partial)
  const count = fields?.get(1)
  const why = fields?.get(2)
  const message = why instanceof Uint8Array ? Buffer.from(why).toString() : ''
  // Below zero, it is a number near 2^64.
  const rejected = typeof count === 'number' && count <= MOST_REJECTED ? count : 0
  return rejected === 0 && message === '' ? undefined : { count: rejected, why: message }
}

function isProtobuf(type: string): boolean {
  return /^application\/x-protobuf\b/i.test(type)
}
