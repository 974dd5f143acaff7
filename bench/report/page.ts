import { cell, type Figure, type Report, reached, wantedOf } from './model.js'
import { drawBars, drawCurve, drawSummary, isOwn, SUMMARY } from './plot.js'
import { figuresOf, type Run } from './run.js'

/** One page that needs no script, no network and no other file. */
export async function page(run: Run): Promise<string> {
  const { machine, quick, reports } = run
  const summary = await drawSummary(reports)
  const figures = figuresOf(run)
  const body = [
    '<header><h1>postmeter’s bench</h1>',
    paragraph(
      `${machine.date.slice(0, 16).replace('T', ' ')} UTC · ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.platform} · Node ${machine.node}`,
    ),
    paragraph(
      Object.entries(machine.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(' · '),
    ),
    quick
      ? '<p class="warning">A quick run, which shows that the bench works: its figures mean nothing.</p>'
      : '',
    '</header>',
    `<nav>${reports.map(({ suite }) => `<a href="#${text(suite)}">${text(suite)}</a>`).join(' ')}</nav>`,
    '<section id="figures"><h2>Figures to reach</h2><div class="plots">',
    summary === undefined ? '' : plot(SUMMARY, summary),
    '</div>',
    figures.length === 0 ? '' : figureTable(figures),
    '</section>',
    ...(await Promise.all(reports.map(section))),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>postmeter’s bench, ${machine.date.slice(0, 10)}</title>
<style>${STYLE}</style>
</head>
<body>
${body.filter(part => part !== '').join('\n')}
</body>
</html>
`
}

async function section(report: Report): Promise<string> {
  const plots = await Promise.all([
    ...(report.curves ?? []).map(async curve => plot(curve.title, await drawCurve(curve))),
    ...(report.bars ?? []).map(async bars => plot(bars.title, await drawBars(bars))),
  ])
  return [
    `<section id="${text(report.suite)}"><h2>${text(report.suite)}</h2>`,
    paragraph(report.what),
    report.served === undefined ? '' : paragraph(`Served through ${report.served}.`),
    plots.length === 0 ? '' : `<div class="plots">${plots.join('\n')}</div>`,
    report.rows.length === 0
      ? ''
      : table(
          report.columns,
          report.rows.map(row => ({
            own: isOwn(String(row[0])),
            cells: row.map(value => text(cell(value))),
          })),
        ),
    report.notes.length === 0
      ? ''
      : `<ul>${report.notes.map(note => `<li>${text(note)}</li>`).join('')}</ul>`,
    '</section>',
  ].join('\n')
}

const VERDICTS = { true: '✓', false: '<strong class="short">short</strong>', undefined: '' } as const

function figureTable(figures: readonly Figure[]): string {
  return table(
    ['', 'wanted', 'measured', ''],
    figures.map(figure => ({
      own: false,
      cells: [
        text(figure.what),
        text(wantedOf(figure).replace('at most', '≤').replace('at least', '≥')),
        text(`${cell(figure.measured)}${figure.unit}`),
        VERDICTS[String(reached(figure)) as keyof typeof VERDICTS],
      ],
    })),
  )
}

function table(
  columns: readonly string[],
  rows: readonly { readonly own: boolean; readonly cells: readonly string[] }[],
): string {
  const head = columns.map(column => `<th scope="col">${text(column)}</th>`).join('')
  const body = rows.map(({ own, cells: [first, ...rest] }) => {
    const values = rest.map(value => `<td>${value}</td>`).join('')
    return `<tr${own ? ' class="own"' : ''}><th scope="row">${first}</th>${values}</tr>`
  })
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
}

function plot(title: string, svg: string): string {
  return `<figure><figcaption>${text(title)}</figcaption>${svg}</figure>`
}

function paragraph(content: string): string {
  return `<p>${text(content)}</p>`
}

function text(content: string): string {
  return content.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #f4f6f8; --line: #d9dee3; --own: #0072b2; --bad: #b34700 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e8; --paper: #15181b; --soft: #1e2327; --line: #353c42; --own: #56b4e9; --bad: #ff9d5c }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 1040px; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0 0 .25rem; font-size: 1.7rem }
h2 { margin: 2.5rem 0 .25rem; font-size: 1.25rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem }
header p { margin: .1rem 0; font-size: .875rem; overflow-wrap: anywhere }
.warning { color: var(--bad); font-weight: 600 }
nav { margin-top: 1rem; display: flex; flex-wrap: wrap; gap: .25rem 1rem }
a { color: var(--own) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 1.5rem 2rem; margin: 1.25rem 0; align-items: start }
figure { margin: 0; max-width: 520px }
figcaption { font-weight: 600; margin-bottom: .5rem }
svg { display: block; width: 100%; height: auto }
.table { overflow-x: auto; margin: 1rem 0 }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; min-width: min(100%, 30rem) }
th, td { padding: .2rem .75rem; text-align: right; font-weight: 400; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child { text-align: left; padding-left: .25rem; white-space: normal; min-width: 11rem }
thead th { font-weight: 600; background: var(--soft) }
.own > * { font-weight: 700; color: var(--own) }
.short { color: var(--bad) }
@media (max-width: 600px) { th, td { padding: .2rem .35rem } table { font-size: .8rem } th:first-child { min-width: 8rem } }
ul { padding-left: 1.2rem; font-size: .875rem }
`
