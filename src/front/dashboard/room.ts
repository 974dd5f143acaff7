/** For all sums by labels of one question, bytes. */
const MOST = 32 * 1024 * 1024

/** Memory for the sums of one question, by what they are estimated to take: all that grows with the number of series. */
export class Room {
  #left = MOST

  /** Takes so many bytes; false where so many are not left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}
