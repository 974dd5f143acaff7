/** What the page asks of its front; addresses are those beside this script, since a proxy may have put it under a path. */
import type { Answer, Family } from '../contract/dashboard.js'
import { isAnswer, isFamilies } from './shape.js'

const STRANGE = 'its answer broke off, or is none of a dashboard'

export async function askFamilies(signal: AbortSignal): Promise<Family[]> {
  const answer = await ask('families.json', signal)
  if (!isFamilies(answer)) throw new Error(STRANGE)
  return answer.families
}

/** @param panels encoded as views.ts does. */
export async function askData(panels: readonly string[], signal: AbortSignal): Promise<Answer> {
  const query = panels.map(panel => `panel=${panel}`).join('&')
  const answer = await ask(`data.json?${query}`, signal)
  if (!isAnswer(answer, panels.length)) throw new Error(STRANGE)
  return answer
}

/** @throws Error with what people are told. */
async function ask(address: string, signal: AbortSignal): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(new URL(address, import.meta.url), { cache: 'no-store', signal })
  } catch {
    throw new Error('it cannot be reached')
  }
  if (!response.ok) {
    const text = await reasonOf(response)
    throw new Error(`it answers ${response.status}${text === '' ? '' : ` (${text})`}`)
  }
  try {
    return await response.json()
  } catch {
    throw new Error(STRANGE)
  }
}

/** The first line of a refusal. A proxy's is a page of markup, which says less than its status does. */
async function reasonOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('text/plain') !== true) return ''
  const text = await response.text().catch(() => '')
  return text.trim().split('\n')[0]!.slice(0, 200)
}
