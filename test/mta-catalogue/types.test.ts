/** What an editor completes, and what does not compile. */
import t from 'tap'
import type { Counter, Gauge, Histogram } from '../../src/index.js'
import { type MtaInstruments, type MtaMetrics, mtaCatalogue, mtaMetrics } from '../../src/mta.js'
import { freshRegistry } from './support.js'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if it is. */
type Is<T extends true> = T

/** Each kind of instrument, its label names kept. */
export type Shapes = [
  Is<Same<MtaInstruments['totalMessagesDelivered'], Counter<'service'>>>,
  Is<Same<MtaInstruments['totalMessagesFailByProviderAndSource'], Counter<'provider' | 'source' | 'pool'>>>,
  Is<Same<MtaInstruments['bindFailures'], Counter<never>>>,
  Is<Same<MtaInstruments['connectionCountByProviderAndPool'], Gauge<'provider' | 'pool'>>>,
  Is<Same<MtaInstruments['memoryUsage'], Gauge<never>>>,
  Is<Same<MtaInstruments['redisOperationLatency'], Histogram<'service' | 'operation' | 'status'>>>,
  Is<Same<MtaInstruments['timeqPopInterval'], Histogram<never>>>,
  // @ts-expect-error: so a label that is not there would be seen
  Is<Same<MtaInstruments['totalMessagesDelivered'], Counter<'servce'>>>,
]

function mistakes(mta: MtaMetrics): void {
  // @ts-expect-error a misspelt label
  mta.totalMessagesDelivered.labels({ servce: 'smtp_client' })
  // @ts-expect-error a label missing
  mta.connectionCountByProviderAndPool.labels({ provider: 'big' })
  // @ts-expect-error a label too many, in the family's form
  mta.readyCount.inc({ service: 's', pool: 'p' })
  // @ts-expect-error a label where there are none
  mta.bindFailures.inc({ service: 's' })
  // @ts-expect-error a counter cannot be set
  mta.totalMessagesFail.labels('s').set(1)
  // @ts-expect-error no such metric
  void mta.totalMessagesDeliverd
  // @ts-expect-error a property cannot be replaced
  mta.bindFailures = mta.proxyConnectionFailures
  // @ts-expect-error a misspelt label of a bundle
  mta.readyQueue({ service: 's', provder: 'p' })
  // @ts-expect-error a bundle without its queue
  mta.scheduledQueue({ domain: 'a.example' })
  // @ts-expect-error a provider is text
  mta.readyQueue({ service: 's', provider: 5 })
  // @ts-expect-error no such collector
  mta.collect({ disk: {} })
  // @ts-expect-error no such option
  mtaMetrics(undefined as never, { expire: '1h' })
}

t.test('what compiles runs', async t => {
  const registry = freshRegistry(t)
  const mta: MtaMetrics = mtaMetrics(registry, { expireAfter: '1h', pools: ['bulk'] })
  mta.totalMessagesDelivered.labels({ service: 'smtp_client' }).inc()
  mta.totalMessagesDelivered.inc({ service: 'smtp_client' }, 2)
  mta.queueInsertLatency.observe(0.2)
  const { messageCount } = mta
  messageCount.inc()
  const [name]: 'service'[] = [...mtaCatalogue.ready_count.labelNames]
  t.equal(name, 'service')
  t.equal(registry.value('total_messages_delivered', { service: 'smtp_client' }), 3)
  t.equal(typeof mistakes, 'function', 'the mistakes were compiled, each with its error')
})
