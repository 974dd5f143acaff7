import { hash, type Random } from './random.js'

/** A mailbox provider that many people use: most mail goes to a few of these. */
export interface Provider {
  readonly name: string
  /** What the mail hosts that its MX records name are called together, as kumod writes it. */
  readonly site: string
  readonly domains: readonly string[]
}

/** All under names that are reserved (RFC 2606): nothing here can be mistaken for somebody's mail. */
export const providers: readonly Provider[] = [
  {
    name: 'bigmail',
    site: '(mx1|mx2|mx3).bigmail.example',
    domains: ['bigmail.example', 'bigmail.test'],
  },
  {
    name: 'lookout',
    site: '(east|west).lookout.example',
    domains: ['lookout.example', 'warmmail.example'],
  },
  {
    name: 'yoohoo',
    site: '(mta5|mta6|mta7).yoohoo.example',
    domains: ['yoohoo.example', 'aul.example'],
  },
  {
    name: 'pear',
    site: '(mx01|mx02).pear.example',
    domains: ['pear.example', 'me.pear.example'],
  },
  {
    name: 'postbox',
    site: '(mx-a|mx-b).postbox.example',
    domains: ['postbox.example'],
  },
  {
    name: 'telco',
    site: 'mx.telco.example',
    domains: ['telco.example', 'dsl.telco.example'],
  },
]

const byDomain = new Map(providers.flatMap(provider => provider.domains.map(domain => [domain, provider])))

/** Where mail for a domain goes. */
export interface Route {
  readonly site: string
  /** The label of figures by provider: the provider's name, or the site where there is none. */
  readonly provider: string
  /** Connections that one thread may have open to the site at once. */
  readonly maxConnections: number
}

/**
 * The simulated DNS. Big providers have sites of their own; every other domain is with one of `hosts` hosting
 * companies; what ends in `.invalid` does not exist. The same domain always has the same answer.
 */
export function lookUp(domain: string, hosts: number): Route | undefined {
  const big = byDomain.get(domain)
  if (big !== undefined) return { site: big.site, provider: big.name, maxConnections: 8 }
  if (domain === '' || domain.endsWith('.invalid')) return undefined
  const site = `mx.host${hash(domain) % hosts}.test`
  return { site, provider: site, maxConnections: 2 }
}

/** How many hosting companies share so many domains. */
export function hostsFor(domains: number): number {
  return Math.max(4, Math.round(2 * Math.sqrt(domains)))
}

/** Every how many domains of the long tail one is misspelt: addresses that people typed. */
const MISSPELT_EVERY = 200

/** The domains that mail is sent to, the most popular first. */
export function popularDomains(count: number): string[] {
  const domains = providers.flatMap(provider => provider.domains).slice(0, count)
  for (let i = domains.length; i < count; i++) {
    const end = i % MISSPELT_EVERY === MISSPELT_EVERY - 1 ? 'invalid' : i % 3 === 0 ? 'test' : 'example'
    domains.push(`company${i}.${end}`)
  }
  return domains
}

/** Picks indexes below count so that the n-th is picked in proportion to 1/n, as popularity falls off in mail. */
export function zipf(count: number, random: Random): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1)
  return () => {
    const at = random() * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle]! <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}
