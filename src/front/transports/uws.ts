/**
 * The part of uWebSockets.js that is used here. The package is optional, so its own types may be missing. Its own entry
 * point is never run (choose.ts).
 */
export interface Uws {
  App(): UwsApp
  us_listen_socket_close(socket: UwsListenSocket): void
  us_socket_local_port(socket: UwsListenSocket): number
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
  /** The version in its package.json, for example `20.57.0`. Not of the native part itself: loadUws() adds it. */
  readonly release: string
}

export type UwsListenSocket = object

export interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp
  listen(
    host: string,
    port: number,
    options: number,
    listening: (socket: UwsListenSocket | false) => void,
  ): UwsApp
  close(): UwsApp
  /**
   * Has connections reported: 1 as one is opened, -1 after it has ended, when the response is of no use. Not in all
   * releases.
   */
  filter?(handler: (response: UwsResponse, change: number) => void): UwsApp
}

/** Valid only during the handler's call. */
export interface UwsRequest {
  getUrl(): string
  getQuery(): string | undefined
  getCaseSensitiveMethod(): string
  /** '' if there is no such header. */
  getHeader(lowerCaseName: string): string
  forEach(header: (lowerCaseName: string, value: string) => void): void
}

/** Valid until it is ended, closed or aborted; a call after that throws. */
export interface UwsResponse {
  cork(writes: () => void): UwsResponse
  writeStatus(status: string): UwsResponse
  writeHeader(name: string, value: string): UwsResponse
  /** Writes a chunk. Returns false if the socket did not take all of it; the rest is copied. */
  write(chunk: Uint8Array): boolean
  end(): UwsResponse
  /**
   * Ends an answer to HEAD. With a length, releases before that of May 2025 send it and leave the answer open, but let it
   * be used no more; later ones end it. With `closes`, the connection ends behind it.
   */
  endWithoutBody(length?: number, closes?: boolean): UwsResponse
  /**
   * Writes what the socket takes of a body, and keeps nothing. Returns [whether it took all of it, whether the answer
   * is over]. The `total` of the first call is sent as the length. The answer is over when as many bytes were written
   * as the `total` of the last call says; in releases since May 2025 also when a call brings no bytes.
   */
  tryEnd(rest: Uint8Array, total: number): [boolean, boolean]
  /** How many bytes of the body tryEnd has written. */
  getWriteOffset(): number
  close(): UwsResponse
  onWritable(handler: (offset: number) => boolean): UwsResponse
  onAborted(handler: () => void): UwsResponse
  getRemoteAddress(): ArrayBuffer
  /** The address in a PROXY line before the request; empty without one. */
  getProxiedRemoteAddress(): ArrayBuffer
}
