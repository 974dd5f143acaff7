import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../scripts/need-tools.js'
import { neededOrSkip } from '../support/need.js'
import { repository } from './consumer.js'
import { tryTypes } from './declarations.js'

t.test('declarations serve a strict program, however they are found', t =>
  tryTypes(t, join(repository, 'node_modules'), ['node10', 'node16', 'bundler']),
)

t.test('with the oldest TypeScript that is supported', async t => {
  const modules = await neededOrSkip(t, 'TypeScript 5.0', () => needTool('typescript-5.0'))
  if (modules !== undefined) await tryTypes(t, modules, ['node10', 'node16', 'bundler'])
})
