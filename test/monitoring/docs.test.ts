/** The program in docs/MONITORING.md exposes what the rules ask for. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeConsumer, repository } from '../package/consumer.js'

t.test("the page's program counts what it says, and its files are in the package", async t => {
  const page = readFileSync(join(repository, 'docs/MONITORING.md'), 'utf8')
  const [, program] = /^```js\n(\/\/ monitored\.js\n.*?)^```/ms.exec(page)!
  const consumer = await makeConsumer(t)
  const linked = [...page.matchAll(/\]\((monitoring\/[^)]+)\)/g)].map(([, file]) => `docs/${file}`)
  t.equal(linked.length, 5)
  for (const file of linked) t.ok(consumer.files.includes(file), `${file} is packed`)
  writeFileSync(join(consumer.folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(consumer.folder, 'monitored.js'), program!)
  const { stdout } = await consumer.node('monitored.js')
  const lines = stdout.split('\n')
  for (const line of [
    'postmeter_front_restarts_total 0',
    'total_messages_transfail_by_class{class="NoAnswerFromHost"} 1',
    'total_messages_fail_by_class{class="InvalidRecipient"} 1',
    'total_messages_fail_by_class{class="QuotaIssues"} 0',
  ]) {
    t.ok(lines.includes(line), line)
  }
})
