/** Next: the package in its server, which takes in what a program imports unless it is told not to. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { NEXT } from '../../../scripts/need-tools.js'
import { getBody } from '../../support/get-body.js'
import { installed, type Project } from './project.js'

t.test('Next', async t => {
  const project = await installed(t, 'module')
  // Not linked: its bundler takes no file from outside of the project.
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']
  const packages = Object.entries(NEXT).map(([name, version]) => `${name}@${version}`)
  await project.run('npm', ['install', ...flags, ...packages])
  await project.write({
    'app/layout.js': `export default function Layout({ children }) { return <html><body>{children}</body></html> }`,
    'app/page.js': `export default function Page() { return <p>page</p> }`,
    'app/count/route.js': `
      import { createRegistry, serve } from 'postmeter'
      export const dynamic = 'force-dynamic'
      let front
      export async function GET() {
        const registry = createRegistry({ name: 'program', memory: '32MiB' })
        const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] })
        if (front === undefined) for (let n = 0; n < 8_000; n++) sent.inc({ to: 'a' + n }, n)
        front ??= await serve(registry, { listen: '127.0.0.1:0' })
        sent.inc({ to: 'a0' })
        return new Response(front.url)
      }`,
  })
  for (const bundler of ['--turbopack', '--webpack']) {
    await t.test(bundler, async t => {
      await project.write({ 'next.config.mjs': `export default { serverExternalPackages: ['postmeter'] }` })
      const url = await count(t, project, bundler)
      const body = await getBody(url, 'gzip')
      t.equal(body.match(/^sent_total/gm)?.length, 8_000)
      t.match(body, /^sent_total\{to="a0"\} 1$/m)
    })
    await t.test(`${bundler}, in the bundle`, async t => {
      await project.write({ 'next.config.mjs': 'export default {}' })
      await t.rejects(count(t, project, bundler), /Next: serverExternalPackages: \["postmeter"\]/)
    })
  }
})

/** Builds the program and starts it; what its route answers. Rejects with what the server said. */
async function count(t: Test, project: Project, bundler: string): Promise<string> {
  const next = join(project.folder, 'node_modules/next/dist/bin/next')
  const env = { NEXT_TELEMETRY_DISABLED: '1' }
  await project.run(process.execPath, [next, 'build', bundler], env)
  const server = spawn(process.execPath, [next, 'start', '-p', '0', '-H', '127.0.0.1'], {
    cwd: project.folder,
    env: { ...process.env, ...env, NODE_OPTIONS: '' },
  })
  const ended = once(server, 'exit')
  t.teardown(async () => {
    server.kill('SIGKILL')
    await ended
  })
  let stderr = ''
  server.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  for await (const line of createInterface(server.stdout)) {
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? []
    if (port === undefined) continue
    server.stdout.resume()
    return getBody(`http://127.0.0.1:${port}/count`).catch(error => {
      throw new Error(`${error.message} ${stderr}`)
    })
  }
  throw new Error(`the server ended: ${stderr}`)
}
