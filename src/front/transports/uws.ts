/**
 * The part of uWebSockets.js that is used here. The package is optional, so that its own types cannot be
 * counted on, and its own entry point is never run (choose.ts).
 */
export interface Uws {
  App(): UwsApp
  us_listen_socket_close(socket: UwsListenSocket): void
  us_socket_local_port(socket: UwsListenSocket): number
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
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
}

/** Valid only during the handler's call. */
export interface UwsRequest {
  getUrl(): string
  getQuery(): string | undefined
  getCaseSensitiveMethod(): string
  /** '' for one that is not there. */
  getHeader(lowerCaseName: string): string
  forEach(header: (lowerCaseName: string, value: string) => void): void
}

/** Valid until it was ended, closed or aborted; a call after that throws. */
export interface UwsResponse {
  cork(writes: () => void): UwsResponse
  writeStatus(status: string): UwsResponse
  writeHeader(name: string, value: string): UwsResponse
  /** Writes a chunk, or keeps a copy of what the socket does not take: false then. */
  write(chunk: Uint8Array): boolean
  end(): UwsResponse
  endWithoutBody(): UwsResponse
  /**
   * Writes what the socket takes of a body, keeps nothing: [whether all of it, whether the end]. The first call's `total`
   * is told as the length; the answer is over when as much was written as the last one's says.
   */
  tryEnd(rest: Uint8Array, total: number): [boolean, boolean]
  /** How much of the body was written with tryEnd. */
  getWriteOffset(): number
  close(): UwsResponse
  onWritable(handler: (offset: number) => boolean): UwsResponse
  onAborted(handler: () => void): UwsResponse
  getRemoteAddress(): ArrayBuffer
  /** What a PROXY line before the request said; empty without one. */
  getProxiedRemoteAddress(): ArrayBuffer
}
