import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { findIn, ifStarted, unpack, whyOf } from './need.js'

const run = promisify(execFile)

/** A Python, and where its modules are. */
export interface PythonClient {
  readonly python: string
  /** For PYTHONPATH. */
  readonly modules: string
}

/**
 * Python's prometheus_client, of Debian's package whatever else there is: other releases read other details. It is
 * plain Python, and so does for any python3.
 *
 * @throws Error with the reason where it is not to be had.
 */
export async function needPythonClient(): Promise<PythonClient> {
  const found = await findIn((process.env.PATH ?? '').split(delimiter).filter(Boolean), ['python3'])
  if (found === undefined) throw new Error('python3 is not on PATH')
  const folder = await unpack(
    'python3-prometheus-client',
    'python3-prometheus-client',
    'python3-decorator',
  ).catch(error => {
    throw new Error(`Debian's package python3-prometheus-client cannot be fetched: ${whyOf(error)}`)
  })
  const modules = join(folder, 'usr/lib/python3/dist-packages')
  const env = { ...process.env, PYTHONPATH: modules }
  await run(found.python3, ['-c', 'import prometheus_client.openmetrics.parser'], { env }).catch(error => {
    throw new Error(`${found.python3} cannot use Debian's python3-prometheus-client: ${whyOf(error)}`)
  })
  return { python: found.python3, modules }
}

await ifStarted(import.meta.url, needPythonClient)
