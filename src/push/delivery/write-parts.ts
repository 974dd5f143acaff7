import type { ClientRequest } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'

/**
 * Writes a body that comes in parts, and ends the request. Asks for the next part only when the last one was written out,
 * so that its memory can be used again. Stops asking once `over` aborts. Resolves to the bytes that were written; rejects
 * only with what `body` threw.
 */
export async function writeParts(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  over: AbortSignal,
): Promise<number> {
  const stopped = new Promise<undefined>(resolve => {
    over.addEventListener('abort', () => resolve(undefined), { once: true })
    // A request that failed tells no callback of write() on all releases of Node.
    request.once('close', () => resolve(undefined))
  })
  const parts = body[Symbol.asyncIterator]()
  let written = 0
  let ended = false
  try {
    while (!over.aborted && !request.destroyed) {
      const next = await Promise.race([parts.next(), stopped])
      if (next === undefined || over.aborted || request.destroyed) break
      if (next.done === true) {
        ended = true
        request.end()
        break
      }
      await Promise.race([new Promise(resolve => request.write(next.value, resolve)), stopped])
      written += next.value.length
      // What the receiver has answered meanwhile is read before more is written: if it has closed the connection, the
      // next write would fail, and its answer be lost.
      await turn()
    }
  } finally {
    // Not awaited, because a generator first ends what it waits for.
    if (!ended) void Promise.resolve(parts.return?.()).catch(() => {})
  }
  return written
}
