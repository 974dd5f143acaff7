/**
 * What is typed, as terminal-kit can read it: whole characters of UTF-8, and whole sequences of a key. Over a slow link
 * both come in pieces, and a piece of a character would hang its reader.
 */
import { EventEmitter } from 'node:events'
import { StringDecoder } from 'node:string_decoder'

/** The beginning of a key's sequence. Alone, it is Escape. */
const BEGUN = /\x1b(?:\[[\d;?]*|O)?$/
/** So long, in ms, what follows may take. */
const REST = 50

export type Keyboard = Pick<NodeJS.ReadStream, 'on' | 'off' | 'setRawMode' | 'pause' | 'resume'>

export class Input extends EventEmitter {
  readonly #keyboard: Keyboard
  readonly #decoder = new StringDecoder('utf8')
  readonly #take = (chunk: Buffer) => this.#add(this.#decoder.write(chunk))
  #held = ''
  #timer: NodeJS.Timeout | undefined

  constructor(keyboard: Keyboard) {
    super()
    this.#keyboard = keyboard
  }

  setRawMode(raw: boolean): void {
    this.#keyboard.setRawMode(raw)
  }

  resume(): void {
    this.#keyboard.off('data', this.#take)
    this.#keyboard.on('data', this.#take)
    this.#keyboard.resume()
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#keyboard.off('data', this.#take)
    this.#keyboard.pause()
  }

  #add(text: string): void {
    clearTimeout(this.#timer)
    const all = this.#held + text
    this.#held = ''
    if (!BEGUN.test(all)) {
      this.#tell(all)
      return
    }
    this.#held = all
    this.#timer = setTimeout(() => {
      this.#held = ''
      this.#tell(all)
    }, REST)
  }

  #tell(text: string): void {
    if (text.length > 0) this.emit('data', Buffer.from(text))
  }
}
