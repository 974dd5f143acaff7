/**
 * The files that wait in Haraka's temp fail queue. No hook tells when one comes (deferred, put off by a plugin, found on
 * the disk at the start) or goes, so the queue's own add() and discard() are watched. Haraka knows the domain of a file
 * from the disk only once it is due; it is read ahead from there, one file after the other.
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Guard } from './guard.js'
import type { TimerQueue } from './haraka.js'
import type { Site } from './sites.js'

/** A file's recipients, and where they are to go. */
export interface Parcel {
  readonly site: Site
  readonly recipients: number
  /** Whether, if it comes to wait, a plugin put off its attempt. */
  readonly putOff: boolean
}

interface Wait {
  parcel: Parcel | undefined
  over: boolean
}

/** More are not kept between a hook and the queue: a plugin may have taken the file away. */
const MOST_EXPECTED = 10_000
/** Haraka writes a few hundred bytes for each recipient. */
const MOST_HEADER = 4 << 20

export class Waiting {
  readonly #guard: Guard
  readonly #folder: string
  readonly #siteOf: (domain: string | undefined) => Site
  readonly #expected = new Map<string, Parcel>()
  readonly #waits = new Map<string, Wait>()
  #reading = Promise.resolve()

  constructor(guard: Guard, folder: string, siteOf: (domain: string | undefined) => Site) {
    this.#guard = guard
    this.#folder = folder
    this.#siteOf = siteOf
  }

  /** What is in a file that may go to the queue next. */
  expect(file: string, parcel: Parcel): void {
    if (this.#expected.size >= MOST_EXPECTED) this.#expected.delete(this.#expected.keys().next().value!)
    this.#expected.set(keyOf(file), parcel)
  }

  /** It did not go there. */
  dismiss(file: string): void {
    this.#expected.delete(keyOf(file))
  }

  /** From now on what comes to the queue and goes is counted. */
  watch(queue: TimerQueue): void {
    const { add, discard } = queue
    queue.add = (file, ms, due) => {
      const wait = this.#begin(file)
      return add.call(queue, file, ms, () => {
        this.#guard.run('temp_fail_queue', () => this.#end(file, wait))
        due()
      })
    }
    queue.discard = file => {
      const discarded = discard.call(queue, file)
      this.#guard.run('temp_fail_queue', () => {
        const wait = this.#waits.get(file)
        if (wait !== undefined) this.#end(file, wait)
      })
      return discarded
    }
  }

  #begin(file: string): Wait {
    const wait: Wait = { parcel: undefined, over: false }
    this.#guard.run('temp_fail_queue', () => {
      this.#waits.set(file, wait)
      const key = keyOf(file)
      const parcel = this.#expected.get(key)
      this.#expected.delete(key)
      if (parcel?.putOff) parcel.site.throttled(parcel.recipients)
      if (parcel !== undefined) this.#entered(wait, parcel)
      else this.#reading = this.#reading.then(() => this.#read(file, wait))
    })
    return wait
  }

  #entered(wait: Wait, parcel: Parcel): void {
    wait.parcel = parcel
    parcel.site.scheduled(parcel.recipients)
  }

  #end(file: string, wait: Wait): void {
    if (wait.over) return
    wait.over = true
    if (this.#waits.get(file) === wait) this.#waits.delete(file)
    wait.parcel?.site.scheduled(-wait.parcel.recipients)
  }

  /** Never rejects. */
  async #read(file: string, wait: Wait): Promise<void> {
    if (wait.over) return
    const parcel = await readParcel(join(this.#folder, file), this.#siteOf).catch(() => undefined)
    // Of a file that cannot be read all that is known is that it waits.
    if (!wait.over)
      this.#guard.run('temp_fail_queue', () =>
        this.#entered(wait, parcel ?? { site: this.#siteOf(undefined), recipients: 1, putOff: false }),
      )
  }
}

/** Of the name of a queue file what stays when it is put off: when it came, and a random part. */
function keyOf(file: string): string {
  const parts = file.split('_')
  return parts.length === 7 ? `${parts[0]}_${parts[4]}` : file
}

/** A queue file begins with the length of a header, then the header in JSON. */
async function readParcel(path: string, siteOf: (domain: string | undefined) => Site): Promise<Parcel> {
  const handle = await open(path)
  try {
    const { buffer: head } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    const length = head.readUInt32BE(0)
    if (length > MOST_HEADER) throw new Error('the header is too long')
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, 4)
    const { domain, rcpt_to } = JSON.parse(buffer.toString('utf8'))
    return {
      site: siteOf(typeof domain === 'string' ? domain : undefined),
      recipients: rcpt_to.length,
      putOff: false,
    }
  } finally {
    await handle.close()
  }
}
