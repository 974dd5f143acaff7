import { ifStarted, type Linked, needLinked } from './need.js'

/** What systemd-analyze is linked with, beyond what every Debian has. */
const LIBRARIES = ['libsystemd-shared', 'libapparmor1', 'libip4tc2', 'libkmod2', 'libseccomp2', 'libssl3']

/** systemd-analyze, from PATH or from Debian's packages. @throws Error with the reason where it is not to be had. */
export function needSystemd(): Promise<Linked> {
  return needLinked('systemd-analyze', ['systemd', ...LIBRARIES])
}

await ifStarted(import.meta.url, async () => ({ analyze: (await needSystemd()).program }))
