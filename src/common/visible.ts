/** Characters that change how a line looks: controls, those that turn the direction of writing, and invisible ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Text of strangers for a log, an answer, a terminal, or JSON that may get to one: what would change how it looks is
 * written as `\uXXXX`. JSON.stringify() leaves what is above U+007E as it is.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, found => found.split('').map(escaped).join(''))
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
