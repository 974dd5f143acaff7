import { ifStarted, type Linked, needLinked } from './need.js'

/** What tmux is linked with, beyond what every Debian has. */
const LIBRARIES = ['libevent-core-2.1-7', 'libutempter0']

/** tmux, from PATH or from Debian's packages. @throws Error with the reason where it is not to be had. */
export function needTmux(): Promise<Linked> {
  return needLinked('tmux', ['tmux', ...LIBRARIES], '-V')
}

await ifStarted(import.meta.url, async () => ({ tmux: (await needTmux()).program }))
