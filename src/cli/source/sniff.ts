/** Which format a body is in, or that it is no exposition. */
import { SourceFailure } from './exits.js'
import type { Format } from './format.js'

/** What is looked at, behind the spaces that it begins with. */
const LOOK = 1024
/** More spaces nobody waits for. */
const MOST_SPACES = 8 * 1024
const END = '# EOF'

export interface ContentType {
  /** Undefined where it names none that is read here. */
  readonly format: Format | undefined
  /** Why a Prometheus 3 would not take it. */
  readonly fault: string | undefined
}

export function contentType(header: string | undefined): ContentType {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map(part => part.trim())
  if (type === 'application/openmetrics-text') return { format: 'openmetrics', fault: undefined }
  if (type === 'application/vnd.google.protobuf')
    throw new SourceFailure('foreign', 'the body is protobuf, which check does not read: ask for text')
  if (type === 'text/plain') {
    const version = parameters.find(one => one.startsWith('version='))?.slice('version='.length)
    const known = version === undefined || version === '0.0.4' || version === '1.0.0'
    return { format: 'text', fault: known ? undefined : `Content-Type has the version ${version}` }
  }
  const fault =
    header === undefined
      ? 'there is no Content-Type: Prometheus 3 refuses such an answer'
      : `Content-Type is ${JSON.stringify(header.slice(0, 80))}: Prometheus 3 refuses it`
  return { format: undefined, fault }
}

/** @throws SourceFailure where the beginning of a body is that of something else. */
export function refuseForeign(head: Uint8Array, type: string | undefined): void {
  const what = foreign(head)
  if (what === undefined) return
  const said = type === undefined ? '' : `, Content-Type ${JSON.stringify(type.slice(0, 80))}`
  throw new SourceFailure('foreign', `the body is no exposition but ${what}${said}`)
}

/** Whether the beginning of a body is long enough to tell. */
export function isTelling(head: Uint8Array): boolean {
  return head.length - spacesOf(head) >= LOOK || head.length >= MOST_SPACES
}

/** Spaces, and marks of the order of bytes, that a body begins with. */
function spacesOf(head: Uint8Array): number {
  let at = 0
  for (; at < head.length; at++) {
    const c = head[at]!
    if (c === 0xef && head[at + 1] === 0xbb && head[at + 2] === 0xbf) at += 2
    else if (c !== 0x20 && (c < 0x09 || c > 0x0d)) break
  }
  return at
}

function foreign(head: Uint8Array): string | undefined {
  const from = spacesOf(head)
  const some = head.subarray(from, from + LOOK)
  if (some.includes(0) && !/^[#\w:]/.test(Buffer.from(some).toString('latin1').trimStart())) return 'binary'
  const text = Buffer.from(some).toString().trimStart()
  // A page may begin with a comment as well as with a tag. No line of an exposition does.
  if (/^<(?:[!?]|[a-z][\w:-]*[\s/>])/i.test(text)) return text.startsWith('<?xml') ? 'XML' : 'HTML'
  // A name in quotes may stand first behind a brace, but no colon behind it.
  if (/^\[|^\{\s*(?:\}|"(?:[^"\\]|\\.)*"\s*:)/.test(text)) return 'JSON'
  return /^[\x00-\x08\x0e-\x1f\x7f\ufffd]/.test(text) ? 'binary' : undefined
}

/** What a file is in, whose end is given: OpenMetrics alone has to end so. */
export function formatByEnd(tail: Uint8Array): Format {
  return Buffer.from(tail).toString('latin1').trimEnd().endsWith(END) ? 'openmetrics' : 'text'
}
