import { request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** As it was sent: not unpacked. */
  readonly body: Buffer
}

/** What a URL answers with, whatever its status, over a connection of its own. */
export function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, async answer => {
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part as Buffer)
      const { statusCode: status = 0 } = answer
      resolve({ status, headers: answer.headers as Record<string, string>, body: Buffer.concat(parts) })
    })
    asking.on('error', reject)
    asking.end()
  })
}
