/** docs/DEPLOYING.md and its files: the program runs as the containers and units start it; each reads what it names. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { needSystemd } from '../../scripts/need-systemd.js'
import { sharedFolder } from '../support/folder.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { neededOrSkip } from '../support/need.js'
import { until } from '../support/until.js'
import { type Consumer, link, makeConsumer, repository } from './consumer.js'

const run = promisify(execFile)
const at = (name: string) => join(repository, 'docs/deploy', name)
const page = await readFile(join(repository, 'docs/DEPLOYING.md'), 'utf8')

/** A folder with the page's program, and postmeter as npm installs it. */
const consumer = await installed()

async function installed(): Promise<Consumer> {
  const made = await makeConsumer(t as unknown as Test)
  await link('koffi', made.folder)
  const [, program] = /^```js\n(\/\/ main\.js\n.*?)^```/ms.exec(page)!
  await writeFile(join(made.folder, 'main.js'), program!)
  await writeFile(join(made.folder, 'package.json'), '{ "type": "module" }')
  const bin = join(made.folder, 'node_modules/.bin')
  await mkdir(bin)
  await symlink('../postmeter/dist/lib/cli.js', join(bin, 'postmeter'))
  return made
}

interface Started {
  readonly child: ChildProcess
  /** Ends it as a supervisor does; gives its exit code, and what it warned of. */
  end(): Promise<{ code: number | null; warnings: string[] }>
}

/** Starts `node ARGS` with this environment alone. */
function start(t: Test, args: readonly string[], env: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, args, {
    cwd: consumer.folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', part => {
    said += part
  })
  const exit = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  return {
    child,
    async end() {
      child.kill('SIGTERM')
      const [code] = await exit
      const warnings = [...said.matchAll(/\[([\w-]+)\] PostmeterWarning|\w+Error/g)]
      return { code, warnings: warnings.map(([all, code]) => code ?? all) }
    },
  }
}

/** Connects to the program's own port, as a client or a probe does, until it listens. */
function connected(port: number): Promise<void> {
  return until(`${port} listens`, () => {
    return new Promise(resolve => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.resume().once('close', () => socket.destroy())
    })
  })
}

const WELL = { code: 0, warnings: [] }

const counted = (text: string) => Number(/^smtp_connections_total (\d+)$/m.exec(text)?.[1] ?? Number.NaN)

interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
  readonly [probe: `${string}Probe`]: { readonly tcpSocket: { readonly port: string } }
}

/** The documents of a file, as Kubernetes would get them. */
async function documents(name: string) {
  const parsed = parseAllDocuments(await readFile(at(name), 'utf8'), { strict: true, uniqueKeys: true })
  return parsed.map(document => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  })
}

function environmentOf({ env = [] }: Container): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]))
}

t.test('kubernetes.yaml', async t => {
  const [deployment, service] = await documents('kubernetes.yaml')
  const { metadata, spec } = deployment.spec.template
  const [container] = spec.containers as Container[]
  const port = container!.ports!.find(({ name }) => name === 'metrics')!.containerPort
  const env = environmentOf(container!)

  await t.test('annotations, ports, probes and selectors name the same', async t => {
    t.equal(metadata.annotations['prometheus.io/port'], String(port))
    t.equal(env.METRICS_LISTEN, `0.0.0.0:${port}`)
    for (const probe of ['startupProbe', 'livenessProbe'] as const) {
      const probed = container![probe]!.tcpSocket.port
      t.equal(probed, 'smtp', `${probe} asks the program's own port`)
      t.ok(container!.ports!.some(({ name }) => name === probed))
    }
    t.same(deployment.spec.selector.matchLabels, metadata.labels)
    t.same(service.spec.selector, metadata.labels)
    t.match(service.spec.ports, [{ name: 'metrics', port, targetPort: 'metrics' }])
    const [monitor] = await documents('servicemonitor.yaml')
    t.same(
      monitor.spec.selector.matchLabels,
      service.metadata.labels,
      'the ServiceMonitor selects the Service',
    )
    t.equal(monitor.spec.endpoints[0].port, service.spec.ports[0].name)
    t.equal(monitor.spec.endpoints[0].path, metadata.annotations['prometheus.io/path'])
  })

  await t.test('the program serves in its environment', async t => {
    const [metrics, smtp] = [await freePort(), await freePort()]
    const listen = env.METRICS_LISTEN!.replace(`:${port}`, `:${metrics}`)
    const trusting = { ...env, METRICS_LISTEN: listen, SMTP_PORT: String(smtp) }
    const untrusted = start(t, ['main.js'], trusting)
    await connected(smtp)
    const url = `http://127.0.0.1:${metrics}${metadata.annotations['prometheus.io/path']}`
    t.equal((await fetch(url)).status, 403, 'this machine is not in the cluster')
    t.same(await untrusted.end(), { code: 0, warnings: ['denied-untrusted'] })

    const program = start(t, ['main.js'], { ...trusting, METRICS_TRUSTED: '127.0.0.0/8' })
    await connected(smtp)
    await until('the probe is counted', async () => counted(await getBody(url)) >= 1)
    t.same(await program.end(), WELL, 'it ends by itself when it is told to')
  })
})

t.test('sidecar.yaml: the second container serves what the first one records', async t => {
  const [pod] = await documents('sidecar.yaml')
  const [service, front] = pod.spec.containers as [Container, Container]
  const env = environmentOf(service)
  const [{ mountPath }] = service.volumeMounts!
  t.equal(front.volumeMounts![0]!.mountPath, mountPath, 'both have the volume in one place')
  t.match(front.volumeMounts, [{ name: pod.spec.volumes[0].name, readOnly: true }])
  t.ok(env.METRICS_FILE!.startsWith(`${mountPath}/`))
  t.ok(front.args!.includes(`--file=${env.METRICS_FILE}`))
  t.ok(mebibytes(pod.spec.volumes[0].emptyDir.sizeLimit) > mebibytes(env.METRICS_MEMORY!))

  const folder = sharedFolder(t)
  const [metrics, smtp] = [await freePort(), await freePort()]
  const changes: Record<string, string> = {
    '--listen=0.0.0.0:8000': `--listen=127.0.0.1:${metrics}`,
    '--trusted-hosts=10.244.0.0/16': '--trusted-hosts=127.0.0.1',
    [`--file=${env.METRICS_FILE}`]: `--file=${folder}/metrics`,
  }
  const args = front.args!.map(arg => changes[arg] ?? t.fail(`${arg} is not expected`))
  const outside = start(t, [...front.command!, ...(args as string[])], {})
  await until('it serves before there is a file', () => fetch(url(metrics)).then(ok, no))
  t.match(await getBody(url(metrics)), /^postmeter_service_found 0$/m)
  const program = start(t, ['main.js'], {
    ...env,
    METRICS_FILE: `${folder}/metrics`,
    SMTP_PORT: String(smtp),
  })
  await connected(smtp)
  await until('it serves what the service counts', async () => counted(await getBody(url(metrics))) >= 1)
  t.same(await program.end(), WELL)
  t.ok(counted(await getBody(url(metrics))) >= 1, 'also after its end')
  t.same(await outside.end(), WELL)
})

const url = (port: number) => `http://127.0.0.1:${port}/metrics`
const ok = ({ status }: Response) => status === 200
const no = () => false
const mebibytes = (text: string) => Number(/^(\d+)Mi(B)?$/.exec(text)![1])

t.test('Dockerfile: what it copies is there, and what it starts is the program', async t => {
  const lines = (await readFile(at('Dockerfile'), 'utf8')).split('\n').filter(line => /^[A-Z]+ /.test(line))
  const words = (instruction: string) =>
    lines.filter(line => line.startsWith(`${instruction} `)).map(line => line.split(' ').slice(1))
  const stages = words('FROM').map(([image, , name]) => ({ image: image!, name }))
  t.ok(
    stages.every(({ image }) => /^node:\d+-trixie(-slim)?$/.test(image)),
    'a Debian with a glibc that suits',
  )
  t.notMatch(stages[0]!.image, /slim/, 'the first stage has git')
  const majors = new Set(stages.map(({ image }) => Number.parseInt(image.slice(5), 10)))
  t.equal(majors.size, 1, 'both have one Node')
  t.ok([...majors][0]! >= 20)
  const files = words('COPY').flatMap(parts => {
    const stage = parts.find(part => part.startsWith('--from='))
    if (stage !== undefined) {
      t.equal(stage, `--from=${stages[0]!.name}`)
      return []
    }
    return parts.slice(0, -1)
  })
  t.same(new Set(files), new Set(['package.json', 'package-lock.json', 'main.js']))
  const [[...command]] = words('CMD') as [string[]]
  t.same(JSON.parse(command.join(' ')), ['node', 'main.js'])
  const env = Object.fromEntries(
    words('ENV')
      .flat()
      .map(one => one.split('=') as [string, string]),
  )
  t.ok(words('EXPOSE').flat().includes(env.METRICS_LISTEN!.split(':')[1]!))
})

t.test('units', async t => {
  const units: Record<string, string> = {}
  for (const name of ['mta.service', 'mta-metrics.service']) units[name] = await readFile(at(name), 'utf8')
  const setting = (unit: string, key: string) => {
    const found = new RegExp(`^${key}=(.*)$`, 'm').exec(units[unit]!)
    return found === null ? t.fail(`${unit} has no ${key}`) : found[1]!
  }

  await t.test('systemd reads them', async t => {
    const found = await neededOrSkip(t, 'systemd', needSystemd)
    if (found === undefined) return
    const folder = t.testdir()
    for (const [name, text] of Object.entries(units)) {
      // It looks for the program, which is not on this machine.
      await writeFile(join(folder, name), text.replace(/^(ExecStart=)\S+/m, `$1${process.execPath}`))
    }
    const files = Object.keys(units).map(name => join(folder, name))
    const checked = await run(found.program, ['verify', ...files], { env: found.env }).catch(error => error)
    t.equal(checked.stderr, '', 'and knows each setting')
  })

  await t.test('a service records, and the front outside serves it', async t => {
    const environment = Object.fromEntries(
      (setting('mta.service', 'Environment') as string)
        .split(' ')
        .map(one => one.split('=') as [string, string]),
    )
    t.equal(environment.METRICS_FILE, `/run/${setting('mta.service', 'RuntimeDirectory')}/metrics`)
    t.equal(setting('mta-metrics.service', 'SupplementaryGroups'), setting('mta.service', 'Group'))
    t.notMatch(units['mta.service'], /^MemoryDenyWriteExecute/m)

    const folder = sharedFolder(t)
    const [metrics, smtp] = [await freePort(), await freePort()]
    const file = `${folder}/metrics`
    const [, started] = (setting('mta.service', 'ExecStart') as string).split(' ')
    const program = [started!.replace('/srv/mta/', '')]
    const env = { ...environment, METRICS_FILE: file, SMTP_PORT: String(smtp) }
    const first = start(t, program, env)
    await connected(smtp)
    const [postmeter, ...args] = (setting('mta-metrics.service', 'ExecStart') as string)
      .replace('/srv/mta/', '')
      .replace(environment.METRICS_FILE!, file)
      .replace('0.0.0.0:8000', `127.0.0.1:${metrics}`)
      .split(' ')
    const outside = start(t, [postmeter!, ...args], {})
    await until('the front serves', () => fetch(url(metrics)).then(ok, no))
    await until('what was counted', async () => counted(await getBody(url(metrics))) >= 1)
    t.same(await first.end(), WELL)
    const before = counted(await getBody(url(metrics)))

    const second = start(t, program, env)
    await connected(smtp)
    await until('a restart goes on', async () => counted(await getBody(url(metrics))) > before)
    t.same(await second.end(), WELL)
    t.same(await outside.end(), WELL)
  })
})
