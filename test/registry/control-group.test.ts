/** What a container leaves, read from the files that both versions of control groups have; and what is said of it. */
import t from 'tap'
import type { LogEvent } from '../../src/index.js'
import { type GroupMemory, groupMemory, left } from '../../src/registry/control-group.js'
import { createRegistryWith } from '../../src/registry/create.js'

const MIB = 2 ** 20
const NONE_V1 = '9223372036854771712'

/** A system with these files, and no others. */
function system(cgroup: string, mountinfo: string, files: Record<string, string>) {
  const all: Record<string, string> = {
    '/proc/self/cgroup': cgroup,
    '/proc/self/mountinfo': mountinfo,
    ...files,
  }
  return groupMemory(path => (Object.hasOwn(all, path) ? all[path] : undefined))
}

/** The files of one group. */
function v1(folder: string, limit: string, used: number, stat = ''): Record<string, string> {
  return {
    [`${folder}/memory.limit_in_bytes`]: `${limit}\n`,
    [`${folder}/memory.usage_in_bytes`]: `${used}\n`,
    [`${folder}/memory.stat`]: stat,
  }
}

function v2(folder: string, limit: string, used: number, stat = ''): Record<string, string> {
  return {
    [`${folder}/memory.max`]: `${limit}\n`,
    [`${folder}/memory.current`]: `${used}\n`,
    [`${folder}/memory.stat`]: stat,
  }
}

const MOUNT_V2 = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
const MOUNT_V1 =
  '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n' +
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n' +
  '35 31 0:32 / /sys/fs/cgroup/memory rw shared:10 master:2 - cgroup cgroup rw,memory\n'

t.test('version 2', async t => {
  const group = '0::/system.slice/mta.service\n'
  const folder = '/sys/fs/cgroup/system.slice/mta.service'
  t.same(
    system(group, MOUNT_V2, v2(folder, `${160 * MIB}`, 50 * MIB)),
    { limit: 160 * MIB, used: 50 * MIB, folder },
    'its own limit',
  )
  const files = `anon ${20 * MIB}\ninactive_file ${15 * MIB}\nactive_file ${10 * MIB}\nworkingset_x_active_file 9\n`
  t.equal(system(group, MOUNT_V2, v2(folder, `${160 * MIB}`, 50 * MIB, files))?.used, 25 * MIB, 'less files')
  t.equal(system(group, MOUNT_V2, v2(folder, 'max', 50 * MIB)), undefined, 'max is none')
  t.same(
    system(group, MOUNT_V2, {
      ...v2(folder, 'max', 50 * MIB),
      ...v2('/sys/fs/cgroup/system.slice', `${100 * MIB}`, 90 * MIB),
    }),
    { limit: 100 * MIB, used: 90 * MIB, folder: '/sys/fs/cgroup/system.slice' },
    'the one above it',
  )
  const both = {
    ...v2(folder, `${60 * MIB}`, MIB),
    ...v2('/sys/fs/cgroup/system.slice', `${100 * MIB}`, 90 * MIB),
  }
  t.equal(system(group, MOUNT_V2, both)?.limit, 100 * MIB, 'the one that leaves least')
  const over = system(group, MOUNT_V2, v2(folder, '1000', 2_000))
  t.equal(over && left(over), 0, 'a limit that was set below what is used')
  t.equal(
    system('0::/\n', MOUNT_V2, v2('/sys/fs/cgroup', `${MIB}`, 0))?.folder,
    '/sys/fs/cgroup',
    'in a container',
  )
})

t.test('version 1', async t => {
  const group = '12:cpu,cpuacct:/docker/1a\n4:memory:/docker/1a\n1:name=systemd:/docker/1a\n0::/docker/1a\n'
  const folder = '/sys/fs/cgroup/memory/docker/1a'
  t.same(
    system(group, MOUNT_V1, {
      ...v1(
        folder,
        `${160 * MIB}`,
        50 * MIB,
        `cache 1\ntotal_inactive_file ${MIB}\ntotal_active_file ${MIB}\n`,
      ),
      ...v1('/sys/fs/cgroup/memory', NONE_V1, 900 * MIB),
    }),
    { limit: 160 * MIB, used: 48 * MIB, folder },
  )
  t.equal(system(group, MOUNT_V1, v1(folder, NONE_V1, 50 * MIB)), undefined, 'near 2^63 is none')
  const inside = MOUNT_V1.replace('0:32 / ', '0:32 /docker/1a ')
  t.equal(
    system(group, inside, v1('/sys/fs/cgroup/memory', `${MIB}`, 0))?.folder,
    '/sys/fs/cgroup/memory',
    'in a container without a name space of its own the mount begins with its group',
  )
  const hybrid = `${MOUNT_V1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`
  t.equal(system(group, hybrid, v1(folder, `${MIB}`, 0))?.limit, MIB, 'where version 2 is mounted beside it')
})

t.test('odd files', async t => {
  t.equal(system('', '', {}), undefined, 'no control groups')
  t.equal(system('0::/a\n', MOUNT_V2, {}), undefined, 'no limits')
  t.equal(system('0::/a\n', '', v2('/sys/fs/cgroup/a', `${MIB}`, 0)), undefined, 'not mounted')
  t.equal(system('garbage\n::\n', 'garbage\n - \n', {}), undefined, 'something else')
  for (const limit of ['', '-1', '1e6', '0x10', 'max max']) {
    t.equal(system('0::/a\n', MOUNT_V2, v2('/sys/fs/cgroup/a', limit, 0)), undefined, `a limit of "${limit}"`)
  }
  t.equal(system('0::/a\n', MOUNT_V2, v2('/sys/fs/cgroup/a', '0', 0))?.limit, 0, 'nothing at all')
  t.equal(
    system('0::/../../other\n', MOUNT_V2, v2('/sys/fs/cgroup', `${MIB}`, 0))?.folder,
    '/sys/fs/cgroup',
    'a group that is not below the mount',
  )
  const spaced = MOUNT_V2.replace('/sys/fs/cgroup', '/a\\040b')
  t.equal(
    system('0::/c:d e\n', spaced, v2('/a b/c:d e', `${MIB}`, 0))?.folder,
    '/a b/c:d e',
    'spaces, colons',
  )
})

t.test('this system', async t => {
  const group = groupMemory()
  const constrained = process.constrainedMemory()
  t.comment(`${JSON.stringify(group)}, node: ${constrained}`)
  const limited = constrained !== undefined && constrained > 0 && constrained < 2 ** 60
  if (limited && process.platform === 'linux')
    t.ok(group !== undefined, 'Node knows of a limit, and so do we')
  if (group !== undefined) t.ok(left(group) >= 0 && left(group) <= group.limit, group.folder)
  t.pass('nothing is thrown')
})

t.test('a registry that is larger than what is left says so once; an equal one does not', async t => {
  const group: GroupMemory = { limit: 160 * MIB, used: 60 * MIB, folder: '/sys/fs/cgroup/mta' }
  const said = async (memory: string, of: GroupMemory | undefined) => {
    const events: LogEvent[] = []
    const options = { name: 'in a group', memory, log: (event: LogEvent) => events.push(event) }
    const registry = createRegistryWith(options, () => of)
    t.equal(
      createRegistryWith(options, () => of),
      registry,
      'made once',
    )
    await registry.close()
    return events
  }
  const events = await said('101MiB', group)
  t.equal(events.length, 1)
  t.match(events[0], { level: 'warn', code: 'memory-limit' })
  t.match(
    events[0].message,
    /^registry "in a group": option "memory": 101 MiB are more than the 100 MiB .* leaves \(160 MiB in \/sys\/fs\/cgroup\/mta, 60 MiB of them used\)/,
  )
  t.same(await said('100MiB', group), [])
  t.same(await said('101MiB', undefined), [])
})

t.test('what a hook throws then keeps no registry from being made', async t => {
  const warned = new Promise<Error>(resolve => process.once('warning', resolve))
  const log = () => {
    throw new Error('no log')
  }
  const registry = createRegistryWith({ name: 'a hook that throws', log }, () => ({
    limit: 0,
    used: 0,
    folder: '/',
  }))
  t.match((await warned).message, /option "memory"/, 'and Node warns')
  await registry.close()
})
