import { visible } from '../../common/visible.js'

/** What the commands that look at an exposition end with. */
export const EXITS = {
  fine: [0, 'no errors; remarks on style may be there'],
  errors: [1, 'errors in the exposition'],
  usage: [2, 'the command line is wrong'],
  unreachable: [3, 'no answer: refused, no such host, too slow, broken off, TLS'],
  status: [4, 'an HTTP status other than 200'],
  foreign: [5, 'the body is no exposition: HTML, JSON, binary'],
  file: [6, 'the file cannot be read'],
} as const

export type Exit = keyof typeof EXITS

/** Why there is no exposition to look at. */
export class SourceFailure extends Error {
  readonly exit: Exit

  constructor(exit: Exit, message: string) {
    super(visible(message))
    this.exit = exit
  }
}

/** Lines for a help text. */
export function exitLines(indent: string): string {
  return Object.values(EXITS)
    .map(([code, what]) => `${indent}${code}  ${what}`)
    .join('\n')
}
