import type { Machine } from './machine.js'
import { cell, type Figure, type Report, reached, wantedOf } from './model.js'

const VERDICTS = { true: 'ok', false: 'SHORT', undefined: '' } as const

export function printMachine({ date, node, platform, cores, cpu, memoryGiB }: Machine): void {
  console.log(`${date}, node ${node}, ${platform}, ${cores} x ${cpu}, ${memoryGiB} GiB`)
}

export function print(report: Report): void {
  console.log(`\n${report.suite}: ${report.what}`)
  if (report.served !== undefined) console.log(`  served through ${report.served}`)
  table([report.columns, ...report.rows.map(row => row.map(cell))])
  for (const note of report.notes) console.log(`  ${note}`)
}

export function printFigures(figures: readonly Figure[]): void {
  if (figures.length === 0) return
  console.log('\nfigures to reach, and others that depend on the machine')
  table([
    ['figure', 'wanted', 'measured', ''],
    ...figures.map(figure => [
      figure.what,
      wantedOf(figure),
      `${cell(figure.measured)}${figure.unit}`,
      VERDICTS[String(reached(figure)) as keyof typeof VERDICTS],
    ]),
  ])
}

export function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map(row => (row[at] ?? '').length)))
  for (const row of rows) {
    const cells = row.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!)))
    console.log(`  ${cells.join('  ').trimEnd()}`)
  }
}
