import { ifStarted, needPrograms } from './need.js'

/** Where Prometheus' pushgateway is. @throws Error with the reason where it is not to be had. */
export async function needPushgateway(): Promise<{ readonly pushgateway: string }> {
  const programs = await needPrograms('prometheus-pushgateway', ['prometheus-pushgateway'])
  return { pushgateway: programs['prometheus-pushgateway'] }
}

await ifStarted(import.meta.url, needPushgateway)
