/** One message to one recipient: what is queued, tried and settled by itself. */
export interface Message {
  readonly id: string
  /** The envelope's sender; empty for a notification. */
  readonly sender: string
  readonly recipient: string
  readonly domain: string
  readonly tenant: string | undefined
  readonly campaign: string | undefined
  /** As received, with a Received line put in front. */
  readonly data: Buffer
  /** Delivery attempts that have ended. */
  attempts: number
}

/** How a delivery attempt ended. */
export interface Outcome {
  readonly kind: 'delivered' | 'transfail' | 'fail'
  /** What the other side said, or what went wrong. */
  readonly response: string
}

/** The part after the last `@`, in lower case; empty if there is none. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : address.slice(at + 1).toLowerCase()
}

/** kumod's name for a scheduled queue: `campaign:tenant@domain`, less what is absent. */
export function queueName(message: Pick<Message, 'domain' | 'tenant' | 'campaign'>): string {
  const { domain, tenant, campaign } = message
  if (tenant === undefined) return campaign === undefined ? domain : `${campaign}:@${domain}`
  return campaign === undefined ? `${tenant}@${domain}` : `${campaign}:${tenant}@${domain}`
}
