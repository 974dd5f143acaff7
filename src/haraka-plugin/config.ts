/** The operator's postmeter.ini: read at the start, and again when it changes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HarakaPlugin } from './haraka.js'
import { IniMistake } from './ini.js'
import { fixedChanges, readSettings, type Settings } from './settings.js'

const NAME = 'postmeter.ini'
/**
 * What the master has last read without a mistake. A worker that it starts while there is one takes this: it must come up,
 * and count as the others do.
 */
const INHERITED = 'HARAKA_PLUGIN_POSTMETER_INI'

export class Config {
  readonly file: string
  readonly #plugin: HarakaPlugin
  readonly #worker: boolean
  #settings: Settings

  /** @throws IniMistake unless it is a worker of a master that has read one without. */
  constructor(plugin: HarakaPlugin, worker: boolean) {
    this.#plugin = plugin
    this.#worker = worker
    const folder = plugin.config.overrides_path ?? join(process.env.HARAKA ?? '.', 'config')
    this.file = join(folder, NAME)
    this.#settings = this.#first()
  }

  get settings(): Settings {
    return this.#settings
  }

  /** Calls back with what is new whenever the file has changed and can be read. */
  onChange(changed: (settings: Settings) => void): void {
    this.#plugin.config.get(NAME, () => {
      try {
        const before = this.#settings
        this.#settings = this.#read()
        changed(this.#settings)
        this.#plugin.lognotice(`${NAME} was read again`)
        for (const name of fixedChanges(before, this.#settings))
          this.#plugin.logwarn(`${NAME}: ${name} is changed, and holds when Haraka is started again`)
      } catch (error) {
        this.#plugin.logerror(`${(error as Error).message}; all stays as it was set before`)
      }
    })
  }

  #first(): Settings {
    try {
      return this.#read()
    } catch (error) {
      const inherited = process.env[INHERITED]
      if (!this.#worker || inherited === undefined || !(error instanceof IniMistake)) throw error
      this.#plugin.logerror(`${error.message}; all stays as it was set when Haraka was started`)
      return readSettings(this.file, inherited)
    }
  }

  #read(): Settings {
    const text = textOf(this.file)
    const settings = readSettings(this.file, text)
    if (!this.#worker) process.env[INHERITED] = text
    return settings
  }
}

/** Empty where the operator has set nothing. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ''
    throw new IniMistake(file, undefined, message)
  }
}
