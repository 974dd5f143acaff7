import { host } from './host.js'
import { lookups } from './lookups.js'
import { messages } from './messages.js'
import { policy } from './policy.js'
import { queues } from './queues.js'
import { smtp } from './smtp.js'

/** The families by what they tell of, in the order in which a page lists them. */
export const areas = { smtp, queues, messages, lookups, host, policy } as const

/** All families of the catalogue, by the name that they are exposed under. */
export const mtaCatalogue = { ...smtp, ...queues, ...messages, ...lookups, ...host, ...policy } as const

export type Catalogue = typeof mtaCatalogue
