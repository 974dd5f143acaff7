/** Both libraries add up the processes of a cluster alike: an AggregatorRegistry in each, as their READMEs have it. */
import { listenHttp } from './http-endpoint.js'
import type { Library } from './library.js'
import { type PeerModule, peerRecorder } from './peer-recorder.js'

interface ClusterPeer extends PeerModule {
  readonly AggregatorRegistry: new () => { readonly contentType: string; clusterMetrics(): Promise<string> }
}

export function clusterLibrary(peer: ClusterPeer): Library {
  return {
    open() {
      const registry = new peer.AggregatorRegistry()
      return { listen: () => listenHttp(registry.contentType, () => registry.clusterMetrics()) }
    },
    recorder() {
      // Its construction is what makes this process answer.
      new peer.AggregatorRegistry()
      return peerRecorder(peer)
    },
  }
}
