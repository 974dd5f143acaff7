/**
 * haraka-plugin-postmeter: Haraka's hooks feed the metrics of a mail server. One registry for all of Haraka's processes,
 * and one endpoint, in the one that starts the others.
 */
import cluster from 'node:cluster'
import {
  collectDefaults,
  createRegistry,
  getRegistry,
  type LogEvent,
  type Registry,
  serve,
} from '../index.js'
import { type MtaMetrics, mtaMetrics } from '../mta.js'
import { Checks } from './checks.js'
import { Config } from './config.js'
import { Guard } from './guard.js'
import { globals, type HarakaPlugin, type Next } from './haraka.js'
import { Inbound } from './inbound.js'
import { IniMistake } from './ini.js'
import { Outbound } from './outbound.js'
import { type OwnMetrics, ownMetrics } from './own-metrics.js'
import { explained, type Routes, type Settings } from './settings.js'
import { Sites } from './sites.js'

/** Starts workers, is one, or is Haraka as a whole (`nodes=0`). */
type Role = 'master' | 'worker' | 'single'

const READ_SIZES_EVERY = 5_000

/** Haraka calls this in each of its processes, and a mistake in the config ends its start. */
export function register(this: HarakaPlugin): void {
  const role = roleOf()
  let config: Config | undefined
  try {
    config = new Config(this, role === 'worker')
    const registry = open(role, config.settings, event => tell(this, event))
    const own = ownMetrics(registry)
    if (role !== 'worker') serveFrom(this, registry, config)
    count(this, role, registry, own, config)
  } catch (error) {
    const why = config === undefined ? error : explained(config.file, config.settings, error)
    // A worker that does not come up is started again and again.
    if (why instanceof IniMistake && role !== 'worker') throw why
    this.logcrit(`there are no metrics of this process: ${(why as Error).message}${adviceFor(why, role)}`)
  }
}

function roleOf(): Role {
  if (cluster.isWorker) return 'worker'
  return globals().server?.cfg?.main?.nodes ? 'master' : 'single'
}

function open(role: Role, { registry }: Settings, log: (event: LogEvent) => void): Registry {
  if (role === 'worker') return getRegistry()
  const shared = role === 'master' && registry.file === undefined
  // Data comes from the network: what cannot be recorded is dropped and counted.
  return createRegistry({ ...registry, log, onBadValue: 'drop', ...(shared && { shared }) })
}

function adviceFor(error: unknown, role: Role): string {
  if ((error as { code?: unknown }).code !== 'ERR_POSTMETER_SHARED' || role !== 'master') return ''
  return ". Haraka's workers need shared memory to count together; with nodes=0 in smtp.ini it is one process, and needs none"
}

/** Of a worker's registry such events are Node's warnings. */
function tell(plugin: HarakaPlugin, { level, code, message }: LogEvent): void {
  const said = `${message} (${code})`
  if (level === 'error') plugin.logerror(said)
  else if (level === 'warn') plugin.logwarn(said)
  else plugin.loginfo(said)
}

/**
 * A daemon's hook runs in what was started, too, which ends when the daemon runs: so the daemon stands by for the address.
 * The front keeps no process from ending.
 */
function serveFrom(plugin: HarakaPlugin, registry: Registry, config: Config): void {
  const { serve: options } = config.settings
  plugin.postmeter_init_master = (next: Next) => {
    const log = (event: LogEvent) => tell(plugin, event)
    serve(registry, { ...options, standby: true, ref: false, log }).then(
      front => {
        plugin.lognotice(`metrics are served at ${front.url}`)
        next()
      },
      error => {
        const why = explained(config.file, config.settings, error)
        if (why instanceof IniMistake) return next(globals().DENY, why.message)
        plugin.logcrit(`metrics are not served: ${(why as Error).message}`)
        next()
      },
    )
  }
  plugin.register_hook('init_master', 'postmeter_init_master')
}

function count(plugin: HarakaPlugin, role: Role, registry: Registry, own: OwnMetrics, config: Config): void {
  const { settings } = config
  const guard = new Guard(plugin, own.failures)
  const metricsFor = (routes: Routes) => metrics(registry, settings.expireAfter, routes)
  const mta = metricsFor(settings.routes)
  const haraka = plugin.haraka_require('outbound')
  if (settings.defaults) collectDefaults(registry)
  const { queue_dir } = haraka.stats()
  if (role === 'master') {
    // Haraka makes the folder of the queue after this.
    if (settings.disk) later(guard, () => disk(mta, queue_dir))
    config.onChange(() => {})
    return
  }
  const checks = new Checks(own, settings.checks)
  const sites = new Sites(metricsFor, settings.routes)
  const outbound = new Outbound(mta, own, sites, guard, haraka)
  new Inbound(mta, own, checks, guard).register()
  outbound.register()
  setInterval(() => outbound.readSizes(), READ_SIZES_EVERY).unref()
  if (role === 'single' && settings.disk) later(guard, () => disk(mta, queue_dir))
  config.onChange(now => {
    checks.plugins = now.checks
    sites.routes = now.routes
  })
}

function metrics(registry: Registry, expireAfter: string, { providers, source, pool }: Routes): MtaMetrics {
  return mtaMetrics(registry, {
    expireAfter,
    // Each process has queues of its own. The files of one that is killed are given to another.
    levels: 'livesum',
    providers,
    ...(source !== undefined && { sources: [source] }),
    ...(pool !== undefined && { pools: [pool] }),
  })
}

function disk(mta: MtaMetrics, path: string): void {
  mta.collect({ disks: { 'data spool': path }, memory: false, cpu: false })
}

function later(guard: Guard, work: () => void): void {
  setTimeout(() => guard.run('collect', work), READ_SIZES_EVERY).unref()
}
