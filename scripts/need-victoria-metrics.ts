import { ifStarted } from './need.js'
import { needNewer } from './need-newer.js'

/**
 * VictoriaMetrics, 1.145 or later, and vmagent, which scrapes and sends on. Debian's build does not know its version.
 * @throws Error with the reason where they are not to be had.
 */
export async function needVictoriaMetrics(): Promise<{ readonly server: string; readonly agent: string }> {
  const programs = await needNewer({
    name: 'VictoriaMetrics',
    programs: ['victoria-metrics', 'vmagent'],
    packages: ['victoria-metrics'],
    release: 'forky',
  })
  return { server: programs['victoria-metrics'], agent: programs.vmagent }
}

await ifStarted(import.meta.url, needVictoriaMetrics)
