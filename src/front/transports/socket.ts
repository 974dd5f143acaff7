/** What node does not say of a socket: how much the system took of what was written, and how to show a cut. */
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Node's own handle of a stream; that of TLS stands on another one. */
interface Handle {
  /** What was handed to it, taken or not. */
  readonly bytesWritten?: unknown
  /** What of that the system has not taken. */
  readonly writeQueueSize?: unknown
  readonly _parent?: Handle | null
}

/**
 * How many bytes the system has taken for the peer since the connection began. Node's own count goes by whole writes:
 * of a large one nothing is seen until all of it was taken, and what waits has the same length whenever a full socket
 * is looked at. Linux takes more once a third of its buffer is free, over loopback 1.4 MB.
 */
export function taken(socket: Socket): number {
  let handle = (socket as { readonly _handle?: Handle | null })._handle
  while (handle?._parent) handle = handle._parent
  const { bytesWritten, writeQueueSize } = handle ?? {}
  if (typeof bytesWritten === 'number' && typeof writeQueueSize === 'number')
    return bytesWritten - writeQueueSize
  return socket.bytesWritten - socket.writableLength
}

/** The connection that TLS goes over, where node tells it. */
export function underTls(secure: TLSSocket): Socket | undefined {
  const { _parent: under } = secure as { readonly _parent?: unknown }
  return under instanceof Socket ? under : undefined
}

/** Whether a socket is TCP without TLS, and open in this direction: others throw, or stay open. */
export function canReset(socket: unknown): boolean {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return false
  return socket.remotePort !== undefined && !socket.writableEnded
}

/** Ends a connection at once, where it can so that no reader takes what was said for the whole. */
export function cutSocket(socket: Socket): void {
  if (canReset(socket)) socket.resetAndDestroy()
  else socket.destroy()
}
