import * as official from '@prometheus-io/client'
import * as promClient from 'prom-client'

/** The other libraries of Node, called as their own documents advise; both have one interface. */
export const peers: Readonly<Record<string, typeof promClient>> = {
  'prom-client': promClient,
  '@prometheus-io/client': official as unknown as typeof promClient,
}
