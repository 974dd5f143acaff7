import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server in this thread, as the libraries' own examples have one: an exposition that fails is a 500 with the reason. */
export function listenHttp(contentType: string, expose: () => string | Promise<string>): Promise<string> {
  const server = createServer(async (_, response) => {
    try {
      const body = await expose()
      response.writeHead(200, { 'content-type': contentType })
      response.end(body)
    } catch (error) {
      response.writeHead(500)
      response.end(String(error))
    }
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)
    })
  })
}
