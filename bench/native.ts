/** Beside Go's libraries, built of Debian's packages: `npm run bench:native [-- --quick]`. No part of `npm run bench`. */
import { parseArgs } from 'node:util'
import { thisMachine } from './report/machine.js'
import { print, printMachine } from './report/terminal.js'
import { full, quick } from './suites/effort.js'
import { native } from './suites/native/suite.js'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
printMachine(thisMachine(new Date()))
if (values.quick) console.log('a quick run: the figures mean nothing')
for (const report of await native(values.quick ? quick : full)) print(report)
