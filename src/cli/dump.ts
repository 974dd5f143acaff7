import { once } from 'node:events'
import { expose } from '../exposition/expose.js'
import { checkExposeOptions } from '../exposition/options.js'
import type { Format } from '../exposition/types.js'
import { outsideParts } from '../front/outside.js'
import { FLAG, parse, SOURCE_OPTIONS, sourceOf, TEXT, UsageError } from './usage.js'

const OPTIONS = { ...SOURCE_OPTIONS, format: TEXT, prefix: TEXT, 'no-self-metrics': FLAG } as const

/** Prints an exposition, once. */
export async function dump(args: readonly string[]): Promise<void> {
  const given = parse(args, OPTIONS)
  const source = sourceOf(given)
  const asked = checked(given)
  const { scraper, close } = outsideParts(source)
  // Who reads it may have enough: `| head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  try {
    for await (const part of expose(scraper, asked)) {
      if (!process.stdout.write(part)) await once(process.stdout, 'drain')
    }
  } finally {
    await close()
  }
}

function checked({ format = 'text', prefix = '', ...given }: ReturnType<typeof parse<typeof OPTIONS>>) {
  try {
    const selfMetrics = given['no-self-metrics'] !== true
    return checkExposeOptions({ format: format as Format, prefix, selfMetrics, created: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
