/**
 * A sum that loses nothing to rounding: what an addition rounds off is summed up beside (Neumaier). So where the greatest
 * of many are taken away again, what is left is right, however small it is beside them.
 */
export class ExactSum {
  #sum = 0
  #lost = 0

  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum
  }

  add(value: number): void {
    const before = this.#sum
    const sum = before + value
    this.#lost += Math.abs(before) >= Math.abs(value) ? before - sum + value : value - sum + before
    this.#sum = sum
  }

  /** What is left without parts of it. */
  less(parts: readonly ExactSum[]): number {
    const left = new ExactSum()
    left.add(this.#sum)
    left.add(this.#lost)
    let most = Math.abs(this.#sum)
    for (const part of parts) {
      left.add(-part.#sum)
      left.add(-part.#lost)
      most = Math.max(most, Math.abs(part.#sum))
    }
    return Math.abs(left.value) <= most * NOISE ? 0 : left.value
  }
}

/** What was rounded off is rounded, too, when it is summed up. */
const NOISE = 2 ** -80
