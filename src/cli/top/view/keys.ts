/** Which key does what. Names are terminal-kit's. */
export type Command =
  | 'quit'
  | 'help'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'filter'
  | 'sort-next'
  | 'sort-before'
  | 'reverse'
  | 'label-next'
  | 'label-before'
  | 'pause'
  | 'look'
  | 'suspend'

const COMMANDS: Readonly<Record<string, Command>> = {
  q: 'quit',
  CTRL_C: 'quit',
  CTRL_D: 'quit',
  '?': 'help',
  h: 'help',
  UP: 'up',
  k: 'up',
  DOWN: 'down',
  j: 'down',
  PAGE_UP: 'page-up',
  CTRL_B: 'page-up',
  PAGE_DOWN: 'page-down',
  CTRL_F: 'page-down',
  ' ': 'page-down',
  HOME: 'first',
  g: 'first',
  END: 'last',
  G: 'last',
  ENTER: 'open',
  KP_ENTER: 'open',
  RIGHT: 'open',
  ESCAPE: 'back',
  BACKSPACE: 'back',
  LEFT: 'back',
  '/': 'filter',
  s: 'sort-next',
  '>': 'sort-next',
  '<': 'sort-before',
  r: 'reverse',
  l: 'label-next',
  TAB: 'label-next',
  L: 'label-before',
  SHIFT_TAB: 'label-before',
  p: 'pause',
  u: 'look',
  CTRL_Z: 'suspend',
}

export function commandOf(key: string): Command | undefined {
  return Object.hasOwn(COMMANDS, key) ? COMMANDS[key] : undefined
}

/** What a key makes of a text that is being typed; undefined: nothing. */
export function typed(text: string, key: string): { text: string } | 'take' | 'give up' | undefined {
  switch (key) {
    case 'ENTER':
    case 'KP_ENTER':
      return 'take'
    case 'ESCAPE':
    case 'CTRL_C':
      return 'give up'
    case 'BACKSPACE':
      return { text: Array.from(text).slice(0, -1).join('') }
    case 'CTRL_U':
      return { text: '' }
    default:
      return Array.from(key).length === 1 ? { text: text + key } : undefined
  }
}

export const HELP: readonly (readonly [keys: string, what: string])[] = [
  ['up, down, k, j', 'to the row before, the next one'],
  ['PgUp, PgDn', 'a page up, down'],
  ['Home, End, g, G', 'to the first row, the last one'],
  ['Enter', 'the series of a family'],
  ['Esc', 'back to the families'],
  ['l, L', 'of a family: its series, or sums by the next label, the one before'],
  ['/', 'only series with a text in their name or labels; empty: all'],
  ['s, >, <', 'sorts by the next column, the one before'],
  ['r', 'reverses the order'],
  ['p', 'pauses, and goes on'],
  ['u', 'looks now'],
  ['q, Ctrl-C', 'ends'],
]
