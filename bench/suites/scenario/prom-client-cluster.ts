import client from 'prom-client'
import { clusterLibrary } from './cluster.js'

export const { open, recorder } = clusterLibrary(client)
