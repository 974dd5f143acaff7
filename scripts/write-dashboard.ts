/**
 * Writes docs/monitoring/grafana-dashboard.json from scripts/dashboard/: `node dist/scripts/write-dashboard.js`. With
 * --check it only says whether it is what they say, and fails if not.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { flowRows } from './dashboard/flow.js'
import { dashboardOf } from './dashboard/grafana.js'
import { postmeterRows } from './dashboard/postmeter.js'
import { serverRows } from './dashboard/server.js'

const file = fileURLToPath(new URL('../../docs/monitoring/grafana-dashboard.json', import.meta.url))
const written = `${JSON.stringify(dashboardOf([...flowRows, ...serverRows, ...postmeterRows]), null, 2)}\n`
if (!process.argv.includes('--check')) writeFileSync(file, written)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== written) {
  console.error(
    'docs/monitoring/grafana-dashboard.json is not what scripts/dashboard/ says: node dist/scripts/write-dashboard.js',
  )
  process.exit(1)
}
