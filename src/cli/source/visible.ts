/**
 * Text for a terminal, or JSON that may get to one: what controls it, or turns the direction of writing, is written as
 * `\uXXXX`. JSON.stringify() leaves those above 0x7e as they are.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => character.split('').map(escaped).join(''))
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
