interface Entry<T> {
  readonly due: number
  readonly item: T
}

/** Items by the time at which they are due: a binary heap, so putting in and taking out cost log n. */
export class TimeQueue<T> {
  readonly #heap: Entry<T>[] = []

  get size(): number {
    return this.#heap.length
  }

  push(due: number, item: T): void {
    const heap = this.#heap
    const entry = { due, item }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.due <= due) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  /** Takes out the earliest item if it is due by now, with the time it was due at. */
  popDue(now: number): Entry<T> | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.due > now) return undefined
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first
  }

  /** Puts an entry in at the root, and down to its place. */
  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.due < heap[child]!.due) child++
      if (heap[child]!.due >= entry.due) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }
}
