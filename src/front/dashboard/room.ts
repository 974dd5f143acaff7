/** For all sums by labels of one question, bytes. */
const MOST = 32 * 1024 * 1024

/** Memory for one question, by what they are estimated to take: all that grows with the number of series. */
export class Room {
  #left: number

  constructor(most = MOST) {
    this.#left = most
  }

  /** Takes so many bytes; false where so many are not left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}
