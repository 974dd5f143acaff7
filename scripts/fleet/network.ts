/**
 * Where the servers are: each in a network namespace of its own, on a bridge, or each at a loopback address of its own.
 *
 * The whole fleet with its namespaces is inside of one more, in which this program runs anew. So nothing is changed on the
 * machine, an ordinary user may do it where the system has user namespaces, and all is gone with the last process.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import type { NetworkKind } from './options.js'
import type { Programs } from './program.js'

const run = promisify(execFile)

/** Set for the program that runs inside. */
export const INSIDE = 'POSTMETER_FLEET_INSIDE'

/** Of a range that is for trials of networks (RFC 2544): nobody is reached by mistake. */
const BRIDGE = 'fleet'
const HOME = '198.18.0.1'
const MASK = 16

/** Where one server is. */
export interface Place {
  readonly address: string
  /** Where its own clients find it, and nobody else. */
  readonly loopback: string
  /** The command that runs a program there. */
  readonly within: readonly string[]
  close(): Promise<void>
}

export interface Network {
  readonly kind: NetworkKind
  /** Where Prometheus and VictoriaMetrics are. */
  readonly home: string
  /** The place of the n-th server, from 1. */
  place(n: number): Promise<Place>
  /** A port of `home` at which nothing listens at this moment. */
  port(): Promise<number>
}

/** The command that runs a program in a network of its own; root needs no user namespace for that. */
export function unshared(): string[] {
  return process.getuid?.() === 0 ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net']
}

/** Why there can be no namespaces here; undefined if there can. */
export async function namespacesRefused(): Promise<string | undefined> {
  const steps = `ip link set lo up && ip link add ${BRIDGE} type bridge && ip link add fleet-a type veth peer name fleet-b && unshare --net true`
  const [program, ...args] = [...unshared(), 'sh', '-c', steps]
  try {
    await run(program!, args)
    return undefined
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    return (stderr?.trim() || message).split('\n')[0]!
  }
}

/** A network of namespaces, for a program that runs inside. */
export async function namespaces(programs: Programs): Promise<Network> {
  await run('ip', ['link', 'set', 'lo', 'up'])
  await run('ip', ['link', 'add', BRIDGE, 'type', 'bridge'])
  await run('ip', ['address', 'add', `${HOME}/${MASK}`, 'dev', BRIDGE])
  await run('ip', ['link', 'set', BRIDGE, 'up'])
  return {
    kind: 'namespaces',
    home: HOME,
    port: () => freePort(HOME),
    async place(n) {
      // A namespace lasts as long as a process is in it: this one, until its input ends.
      const holder = programs.start(`the namespace of server ${n}`, ['unshare', '--net', 'cat'])
      holder.child.stdin!.write('made\n')
      await holder.says('made')
      const { pid } = holder.child
      const within = ['nsenter', `--net=/proc/${pid}/ns/net`]
      const address = `198.18.1.${n}`
      const [enter, ...args] = within
      const inside = (...command: string[]) => run(enter!, [...args, ...command])
      await run('ip', ['link', 'add', `mx${n}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${pid}`])
      await run('ip', ['link', 'set', `mx${n}`, 'master', BRIDGE, 'up'])
      await inside('ip', 'link', 'set', 'lo', 'up')
      await inside('ip', 'address', 'add', `${address}/${MASK}`, 'dev', 'eth0')
      await inside('ip', 'link', 'set', 'eth0', 'up')
      return { address, loopback: '127.0.0.1', within, close: () => holder.stop() }
    },
  }
}

/** Loopback addresses; those of the servers are apart from those that the machine's own programs use. */
export function loopback(): Network {
  return {
    kind: 'loopback',
    home: '127.0.0.1',
    port: () => freePort('127.0.0.1'),
    async place(n) {
      const address = `127.1.0.${n}`
      return { address, loopback: address, within: [], close: async () => {} }
    },
  }
}

async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host)
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
