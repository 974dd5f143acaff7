import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files that Prometheus discovers its targets by: one for each server. */
export class Targets {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, 'targets')
  }

  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  /** A server is to be scraped at an address from now on, under a name that stays when the address does not. */
  async add(instance: string, target: string): Promise<void> {
    const part = join(this.#folder, `${instance}.part`)
    await writeFile(part, JSON.stringify([{ targets: [target], labels: { instance } }]))
    // Prometheus never reads half a file.
    await rename(part, join(this.#folder, `${instance}.json`))
  }

  async remove(instance: string): Promise<void> {
    await rm(join(this.#folder, `${instance}.json`), { force: true })
  }
}
