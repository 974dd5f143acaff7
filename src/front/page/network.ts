/** What the page asks of its front; addresses are relative, since a proxy may have put it under a path. */
import type { Answer, Family } from '../contract/dashboard.js'

export async function askFamilies(): Promise<Family[]> {
  const { families } = (await ask('dashboard/families.json')) as { families: Family[] }
  return families
}

/** @param panels encoded as views.ts does. */
export async function askData(panels: readonly string[], signal: AbortSignal): Promise<Answer> {
  const query = panels.map(panel => `panel=${panel}`).join('&')
  return (await ask(`dashboard/data.json?${query}`, signal)) as Answer
}

/** @throws Error with what people are told. */
async function ask(address: string, signal?: AbortSignal): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(address, { cache: 'no-store', ...(signal !== undefined && { signal }) })
  } catch {
    throw new Error('it cannot be reached')
  }
  if (!response.ok) {
    const text = (await response.text().catch(() => '')).trim().split('\n')[0]!.slice(0, 200)
    throw new Error(`it answers ${response.status}${text === '' ? '' : ` (${text})`}`)
  }
  try {
    return await response.json()
  } catch {
    throw new Error('its answer broke off, or is none of a dashboard')
  }
}
