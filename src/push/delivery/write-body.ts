import type { ClientRequest } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'

export interface Written {
  /** Bytes. */
  readonly sent: number
  /** Whether that was the whole body. A request's `writableFinished` does not say so: it is true after a failure, too. */
  readonly all: boolean
}

/**
 * Writes a body, and ends the request. Of one that comes in parts, asks for the next part only when the last one was
 * written out, so that its memory can be used again. Stops once `over` aborts. Rejects only with what `body` threw.
 */
export async function writeBody(
  request: ClientRequest,
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  over: AbortSignal,
): Promise<Written> {
  const stopped = new Promise<undefined>(resolve => {
    over.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const write = (part: Uint8Array) => {
    const out = new Promise<boolean>(resolve => request.write(part, error => resolve(error == null)))
    return Promise.race([out, stopped])
  }
  if (body === undefined || body instanceof Uint8Array) {
    // Head and body go out together.
    request.cork()
    const out = body === undefined || body.length === 0 ? true : write(body)
    request.end()
    return (await out) === true ? { sent: body?.length ?? 0, all: true } : { sent: 0, all: false }
  }
  const parts = body[Symbol.asyncIterator]()
  let sent = 0
  let all = false
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), stopped])
      if (next === undefined) break
      all = next.done === true
      if (all) request.end()
      if (all || (await write(next.value)) !== true) break
      sent += next.value.length
      // What the receiver has answered meanwhile is read before more is written: if it has closed the connection, the
      // next write would fail, and its answer be lost.
      await turn()
    }
  } finally {
    // Not awaited, because a generator first ends what it waits for.
    if (!all) void Promise.resolve(parts.return?.()).catch(() => {})
  }
  return { sent, all }
}
