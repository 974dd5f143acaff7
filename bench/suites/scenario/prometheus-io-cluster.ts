import client from '@prometheus-io/client'
import { clusterLibrary } from './cluster.js'

export const { open, recorder } = clusterLibrary(client as unknown as Parameters<typeof clusterLibrary>[0])
