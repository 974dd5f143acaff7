/** The value of a series in an exposition; undefined if it has no such line. */
export function sampleOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find(line => line.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}
