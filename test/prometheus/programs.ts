import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { needPrometheus, type PrometheusPrograms } from '../../scripts/need-prometheus.js'

/** Prometheus's programs; where they are not to be had the test is skipped, which CI takes for a failure. */
export async function programsOrSkip(t: Test): Promise<PrometheusPrograms | undefined> {
  try {
    return await needPrometheus()
  } catch (error) {
    t.pass('needs Prometheus', { skip: (error as Error).message })
    return undefined
  }
}

/** What `promtool check metrics` says of an exposition: 0 nothing, 1 a syntax error, 3 remarks on style. */
export async function checkMetrics(
  promtool: string,
  exposition: string,
): Promise<{ code: number; said: string }> {
  const child = spawn(promtool, ['check', 'metrics'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // It may end at the first bad line, before it has read the rest.
  child.stdin.on('error', () => {})
  child.stdin.end(exposition)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, said: (out + err).trim() }
}
