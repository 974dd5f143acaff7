/** The public call push(). */
import { checkOpen, checkServable, type Servable } from '../registry/servable.js'
import { shownUrl } from './delivery/shown.js'
import { checkPushOptions, type PushOptions } from './options/options.js'
import { INTERNALS, type PushInternals, PushThread } from './thread/push-thread.js'

export type { PushOptions }

/** Pushes of a registry to one receiver. */
export interface Push {
  /** Where it pushes, without the query. */
  readonly url: string
  /** Pushes now. Resolves to whether the receiver has taken all of it. Never rejects. */
  flush(): Promise<boolean>
  /**
   * Ends it: pushes once more, and tells that the series have ended, if option `withdraw` says so. Takes twice the option
   * `timeout` at most. Can be called twice; the registry's close() calls it, too.
   */
  close(): Promise<void>
}

/**
 * Pushes all series of a registry to a receiver, for programs that nobody can scrape: at once, and then every 15 s. It
 * does so in a thread of its own, which goes on while all other threads are blocked, and which does not keep the program
 * running: a program that ends should await `close()` first, or what was counted since the last push is not told.
 *
 * A receiver that is down, slow or asks to wait is tried again until the next push is due. Counters are cumulative, so
 * that one tells what was counted meanwhile: nothing is queued. Series that expired or were removed are told to be gone.
 * What goes wrong is logged once until it is over (`push-failing`, `push-again`), and counted
 * (`postmeter_push_requests_total`). Nothing is sent anywhere but to `url`.
 *
 * Remote write needs the package `snappyjs`. Takes one of the registry's `maxThreads`. Resolves when the thread runs.
 * Rejects with a TypeError or RangeError that names a wrong option; with an Error that names the registry if it is closed,
 * or that says why no thread can be started. Callable in any thread.
 */
export function push(registry: Servable, options: PushOptions): Promise<Push> {
  return pushWith(registry, options, {})
}

/** push() with settings for tests. */
export async function pushWith(
  registry: Servable,
  options: PushOptions,
  internals: Partial<PushInternals>,
): Promise<Push> {
  checkServable('push', registry)
  checkOpen('push', registry)
  const { settings, log } = checkPushOptions(options)
  const thread = new PushThread(registry, settings, log, { ...INTERNALS, ...internals })
  await thread.start()
  return {
    url: shownUrl(new URL(settings.delivery.url)),
    flush: () => thread.pushNow(),
    close: () => thread.close(),
  }
}
