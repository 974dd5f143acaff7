import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

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
