import { existsSync, readFileSync } from 'node:fs'

const root = new URL('../../../', import.meta.url)
/** What is measured or measures, as far as it is installed. What serves scrapes is said by each suite that has some. */
const PACKAGES = [
  'prom-client',
  '@prometheus-io/client',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-prometheus',
  'piscina',
  'hdr-histogram-js',
]

export function versions(): Record<string, string> {
  const found: Record<string, string> = { postmeter: versionIn('./') }
  for (const name of PACKAGES) {
    const folder = `node_modules/${name}/`
    if (existsSync(new URL(folder, root))) found[name] = versionIn(folder)
  }
  return found
}

function versionIn(folder: string): string {
  return JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8')).version
}
