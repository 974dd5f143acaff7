import { fileURLToPath } from 'node:url'
import { ifStarted } from './need.js'
import { needGoProgram } from './need-go.js'

const source = fileURLToPath(new URL('../../test/readers/expfmt.go', import.meta.url))

/** Go's expfmt, and what it is built of. */
const LIBRARIES = [
  'golang-github-prometheus-common-dev',
  'golang-github-prometheus-client-model-dev',
  'golang-github-golang-protobuf-1-5-dev',
  'golang-google-protobuf-dev',
  'golang-protobuf-extensions-dev',
]

/** The program of test/readers/expfmt.go, built. @throws Error with the reason where it cannot be. */
export async function needExpfmt(): Promise<{ readonly expfmt: string }> {
  return { expfmt: await needGoProgram('expfmt', source, LIBRARIES) }
}

await ifStarted(import.meta.url, needExpfmt)
