/** What node's sockets do not offer: how much the system took of what was written, and an end that looks like a cut. */
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Node's own handle of a stream. The handle of TLS has another one beneath it. */
interface Handle {
  /** Bytes that were handed to it, taken or not. */
  readonly bytesWritten?: unknown
  /** How many of them the system has not taken. */
  readonly writeQueueSize?: unknown
  readonly _parent?: Handle | null
}

/**
 * How many bytes the system has taken for the peer since the connection began. Node's own count grows by whole writes:
 * a large write does not show until all of it is taken, and meanwhile what waits in a full socket keeps its length.
 * Linux takes more once a third of its buffer is free, which over loopback is 1.4 MB.
 */
export function taken(socket: Socket): number {
  let handle = (socket as { readonly _handle?: Handle | null })._handle
  while (handle?._parent) handle = handle._parent
  const { bytesWritten, writeQueueSize } = handle ?? {}
  if (typeof bytesWritten === 'number' && typeof writeQueueSize === 'number')
    return bytesWritten - writeQueueSize
  return socket.bytesWritten - socket.writableLength
}

/** The connection beneath TLS; undefined if this node does not reveal it. */
export function underTls(secure: TLSSocket): Socket | undefined {
  const { _parent: under } = secure as { readonly _parent?: unknown }
  return under instanceof Socket ? under : undefined
}

/** Whether a socket is TCP without TLS, and not ended by this side. A reset of others throws, or leaves them open. */
export function canReset(socket: unknown): boolean {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return false
  return socket.remotePort !== undefined && !socket.writableEnded
}

/** Ends a connection at once; if it can, by a reset, so that no reader takes what was sent for the whole. */
export function cutSocket(socket: Socket): void {
  if (canReset(socket)) socket.resetAndDestroy()
  else socket.destroy()
}
