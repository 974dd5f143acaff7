import { writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import t from 'tap'
import { makeConsumer } from './consumer.js'

t.test('the packed package', async t => {
  const consumer = await makeConsumer(t)

  t.test('has what it needs and nothing else', async t => {
    for (const path of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/lib/index.js',
      'dist/lib/index.mjs',
      'dist/lib/index.d.ts',
      'dist/lib/index.d.mts',
      'dist/lib/THIRD-PARTY.txt',
    ]) {
      t.ok(consumer.files.includes(path), `${path} is in it`)
    }
    t.same(
      consumer.files.filter(path => path.endsWith('.wasm')).map(path => path.replace(/-[0-9a-f]{8}\b/, '')),
      ['dist/lib/postmeter-deflate.wasm', 'dist/lib/postmeter-kernel.wasm'],
      'the kernel is in it, and its compressor',
    )
    const others = consumer.files.filter(
      path =>
        !/^(package\.json|LICENSE|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|docs\/[\w-]+\.(md|svg)|docs\/(deploy|fleet|monitoring)\/[\w.-]+|dist\/lib\/(package\.json|THIRD-PARTY\.txt|(index|mta|prom-client)\.(js|mjs|d\.ts|d\.mts)|cli\.js|postmeter-(guard\.mjs|[\w-]+-[0-9a-f]{8}\.(js|js\.map|wasm|css|html))))$/.test(
          path,
        ),
    )
    t.same(others, [], 'no tests, no bench, no build state')
  })

  // The same steps through import and through require.
  const use = `
    const registry = createRegistry({ name: 'consumer' })
    const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] })
    sent.labels({ to: 'a' }).inc(3)
    registry.metrics()
      .then(text => { if (getRegistry('consumer') === undefined || typeof serve !== 'function') throw new Error('missing'); return text })
      .then(text => registry.close().then(() => process.stdout.write(text)))
  `
  const expected = '# HELP sent_total Sent.\n# TYPE sent_total counter\nsent_total{to="a"} 3\n'

  t.test('can be imported', async t => {
    const path = join(consumer.folder, 'use.mjs')
    await writeFile(path, `import { createRegistry, getRegistry, serve } from 'postmeter'\n${use}`)
    const { stdout, stderr } = await consumer.node(path)
    t.equal(stdout, expected)
    t.equal(stderr, '', 'without a warning')
  })

  t.test(
    'a shared registry says what it lacks, where this Node has no node:ffi and there is no koffi',
    async t => {
      const path = join(consumer.folder, 'shared.mjs')
      await writeFile(
        path,
        `import { createRegistry } from 'postmeter'
       try { createRegistry({ shared: true }); console.log('shared') } catch (error) { console.log(error.code, error.message) }`,
      )
      const { stdout } = await consumer.node(path)
      const hasFfi = builtinModules.includes('node:ffi')
      t.match(
        stdout,
        hasFfi
          ? /^shared$/m
          : /^ERR_POSTMETER_SHARED option "shared" or "file": package koffi is not installed \(npm install koffi\)/,
      )
    },
  )

  t.test('can be required', async t => {
    const path = join(consumer.folder, 'use.cjs')
    await writeFile(path, `const { createRegistry, getRegistry, serve } = require('postmeter')\n${use}`)
    const { stdout } = await consumer.node(path)
    t.equal(stdout, expected)
  })

  t.test('has the metrics of a mail server, for import and for require', async t => {
    const use = `
      const registry = createRegistry({ name: 'mta' })
      const mta = mtaMetrics(registry)
      mta.readyQueue({ service: 's', provider: 'p', source: 'o', pool: 'd' }).delivered()
      registry.metrics().then(text => registry.close().then(() => console.log(text.match(/^total_messages_delivered.*$/gm).join(' '))))`
    await writeFile(
      join(consumer.folder, 'mta.mjs'),
      `import { createRegistry } from 'postmeter'\nimport { mtaMetrics } from 'postmeter/mta'\n${use}`,
    )
    await writeFile(
      join(consumer.folder, 'mta.cjs'),
      `const { createRegistry } = require('postmeter')\nconst { mtaMetrics } = require('postmeter/mta')\n${use}`,
    )
    const expected =
      'total_messages_delivered{service="s"} 1 ' +
      'total_messages_delivered_by_provider{provider="p"} 1 ' +
      'total_messages_delivered_by_provider_and_source{provider="p",source="o",pool="d"} 1\n'
    t.equal((await consumer.node('mta.mjs')).stdout, expected)
    t.equal((await consumer.node('mta.cjs')).stdout, expected)
  })

  t.test('serves the page of a dashboard, whole', async t => {
    await writeFile(
      join(consumer.folder, 'page.mjs'),
      `import { createRegistry, serve } from 'postmeter'
       const registry = createRegistry({ name: 'page' })
       const front = await serve(registry, { listen: '127.0.0.1:0', transport: 'http' })
       for (const path of ['', '/app.css', '/app.js', '/families.json']) {
         const answer = await fetch(front.url.replace('/metrics', '/dashboard') + path)
         const body = await answer.text()
         console.log(answer.status, answer.headers.get('content-type'), body.length > 1000, body.slice(0, 15))
       }
       await front.close()
       await registry.close()`,
    )
    const lines = (await consumer.node('page.mjs')).stdout.split('\n')
    t.match(lines[0], /^200 text\/html; charset=utf-8 true <!doctype html>/i)
    t.match(lines[1], /^200 text\/css; charset=utf-8 true /)
    t.match(lines[2], /^200 text\/javascript; charset=utf-8 true /)
    t.match(lines[3], /^200 application\/json; charset=utf-8 true {"families":/)
  })

  t.test('encodes in a pool', async t => {
    const path = join(consumer.folder, 'pool.mjs')
    await writeFile(
      path,
      `import { createRegistry } from 'postmeter'
       const registry = createRegistry({ name: 'pool', memory: '32MiB' })
       const series = registry.counter({ name: 'series_total', help: 'h', labelNames: ['n'] })
       for (let n = 0; n < 8_000; n++) series.inc({ n })
       let threads = 0
       process.on('worker', () => threads++)
       const text = await registry.metrics()
       console.log(text.match(/^series_total/gm).length, threads > 0)
       await registry.close()`,
    )
    t.equal((await consumer.node(path)).stdout, '8000 true\n')
  })

  t.test('import and require give the same registry', async t => {
    const path = join(consumer.folder, 'both.mjs')
    await writeFile(
      path,
      `import { createRequire } from 'node:module'
       import { createRegistry } from 'postmeter'
       const { getRegistry } = createRequire(import.meta.url)('postmeter')
       const registry = createRegistry({ name: 'both' })
       registry.counter({ name: 'n_total', help: 'N.' }).inc(2)
       console.log(getRegistry('both').value('n_total'))
       await registry.close()`,
    )
    t.equal((await consumer.node(path)).stdout, '2\n')
  })

  t.test('does nothing at import', async t => {
    const path = join(consumer.folder, 'idle.mjs')
    // Counted rather than measured: threads, shared memory and WebAssembly memory all come from these.
    await writeFile(
      path,
      `import { syncBuiltinESMExports } from 'node:module'
       import threads from 'node:worker_threads'
       const made = []
       const count = (owner, name) => {
         const Real = owner[name]
         owner[name] = class extends Real { constructor(...args) { made.push(name); super(...args) } }
       }
       count(threads, 'Worker'); count(WebAssembly, 'Memory'); count(globalThis, 'SharedArrayBuffer')
       syncBuiltinESMExports()
       const listeners = () => Object.fromEntries(process.eventNames().map(name => [String(name), process.listenerCount(name)]))
       const before = listeners()
       const postmeter = await import('postmeter')
       await new Promise(resolve => setImmediate(resolve))
       const after = listeners()
       // Files that the import itself read may still be closing.
       const resources = process.getActiveResourcesInfo().filter(name => !/^(CloseReq|FSReq)/.test(name))
       const atImport = [...made]
       const registry = postmeter.createRegistry({ name: 'idle' })
       await registry.close()
       console.log(JSON.stringify({ before, after, resources, atImport, later: made }))`,
    )
    const found = JSON.parse((await consumer.node(path)).stdout)
    t.same(found.atImport, [], 'no thread and no memory')
    t.same(found.after, found.before, 'no listener on the process')
    t.same(found.resources, [], 'nothing that keeps it running')
    t.ok(found.later.includes('Memory'), 'while createRegistry would have been seen')
  })
})
