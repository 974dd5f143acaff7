import { DASHBOARD_PATH, type Rules } from './request.js'

/** The page at `/`, for a person with a browser: plain HTML, without scripts, and nothing is loaded from elsewhere. */
export function landingPage(
  { path, dashboard = false }: Rules,
  figures: readonly [what: string, value: number][],
): string {
  const rows = figures
    .map(([what, value]) => `<tr><td>${escapeHtml(what)}</td><td>${spell(value)}</td></tr>\n`)
    .join('')
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>metrics</title>
<style>body{font:16px/1.5 sans-serif;margin:2em auto;max-width:40em;padding:0 1em}td{padding:0 1em 0 0}td+td{text-align:right}</style>
<h1>Metrics</h1>
<p>This endpoint serves the metrics of a program to Prometheus, and to other readers that are permitted.</p>
<ul>
${dashboard ? `<li><a href="${DASHBOARD_PATH.slice(1)}">${DASHBOARD_PATH}</a>: a live page\n` : ''}<li><a href="${escapeHtml(path)}">${escapeHtml(path)}</a>: the Prometheus text format
<li><a href="${escapeHtml(path)}.json">${escapeHtml(path)}.json</a>: the same as JSON
</ul>
<p>Add <code>?prefix=name_</code> to put a prefix before every name.</p>
<table>
${rows}</table>
</html>
`
}

function spell(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}
