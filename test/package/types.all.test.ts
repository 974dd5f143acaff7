import t from 'tap'
import { needTool, type Tool } from '../../scripts/need-tools.js'
import { neededOrSkip } from '../support/need.js'
import { tryTypes, type Way } from './declarations.js'

const COMPILERS: readonly [tool: Tool, ways: readonly Way[], flags?: readonly string[]][] = [
  ['typescript-5.4', ['node10', 'node16', 'nodenext', 'bundler']],
  // What is deprecated there is gone in 7.
  ['typescript-6', ['node10', 'node16', 'nodenext', 'bundler'], ['--ignoreDeprecations', '6.0']],
  ['typescript-7', ['node16', 'nodenext', 'bundler']],
]

for (const [tool, ways, flags] of COMPILERS) {
  t.test(tool, async t => {
    const modules = await neededOrSkip(t, tool, () => needTool(tool))
    if (modules !== undefined) await tryTypes(t, modules, ways, flags)
  })
}
