import type { Contenders } from '../../harness/contender.js'
import { contenders as encoding } from '../encoding/contenders.js'

/** From one series to a large mail server's. */
export const SIZES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 2_162_586] as const

export const sized = (name: string, size: number) => `${name}: ${size}`

/** Those of the encoding suite, each at each size, so that sizes can be raced with each other. */
export const contenders: Contenders = Object.fromEntries(
  Object.entries(encoding).flatMap(([name, make]) =>
    SIZES.map((size): [string, Contenders[string]] => [sized(name, size), () => make(size)]),
  ),
)
