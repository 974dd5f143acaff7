import { fileURLToPath } from 'node:url'
import { ifStarted } from './need.js'
import { needGoProgram } from './need-go.js'

const source = fileURLToPath(new URL('../../bench/suites/native/main.go', import.meta.url))

/** Go's two libraries for metrics, and what they are built of. */
const LIBRARIES = [
  'golang-github-prometheus-client-golang-dev',
  'golang-github-beorn7-perks-dev',
  'golang-github-cespare-xxhash-dev',
  'golang-github-golang-protobuf-1-5-dev',
  'golang-google-protobuf-dev',
  'golang-protobuf-extensions-dev',
  'golang-github-prometheus-client-model-dev',
  'golang-github-prometheus-common-dev',
  'golang-github-prometheus-procfs-dev',
  'golang-golang-x-sys-dev',
  'golang-golang-x-sync-dev',
  'golang-github-victoriametrics-metrics-dev',
  'golang-github-valyala-histogram-dev',
  'golang-github-valyala-fastrand-dev',
]

/** The program of bench/suites/native/main.go. @throws Error with the reason where it cannot be had. */
export async function needGoMetrics(): Promise<{ readonly program: string }> {
  return { program: await needGoProgram('go-metrics', source, LIBRARIES) }
}

await ifStarted(import.meta.url, needGoMetrics)
