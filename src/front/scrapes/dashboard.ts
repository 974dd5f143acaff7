/** The dashboard of a front: the files of its page, the list of families, and the figures of what is on a screen. */
import type { Scraper } from '../../exposition/types.js'
import { DashboardAnswers } from '../dashboard/answers.js'
import { assetOf } from '../dashboard/assets.js'
import { FamiliesAnswer } from '../dashboard/families.js'
import type { Panel } from '../request/panels.js'
import {
  ALWAYS,
  CLOSING,
  type Compression,
  type DashboardRequest,
  type Headers,
  refuse,
} from '../request/request.js'
import type { Answer } from './answer.js'
import { Cut } from './cut.js'
import { LaterReading } from './later.js'
import type { Reading } from './reader.js'
import type { SharedScrapes } from './shared-scrapes.js'

const PAGE: Headers = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  ],
  ['Referrer-Policy', 'no-referrer'],
]
const SAME_ORIGIN: Headers = [['Cross-Origin-Resource-Policy', 'same-origin'], ...ALWAYS]
const JSON_TYPE = 'application/json; charset=utf-8'
const DATA: Headers = [['Content-Type', JSON_TYPE], ...SAME_ORIGIN]
const BUSY = refuse(503, 'busy', 'there are as many questions of dashboards as allowed at once: try again', [
  ['Retry-After', '2'],
])

export interface DashboardParts {
  readonly scraper: Scraper
  /** Where its scrapes wait among all others. */
  readonly scrapes: SharedScrapes
  readonly selfMetrics: boolean
  readonly gzip: Compression | undefined
  /** How long a scrape may take in all, ms. */
  readonly scrapeTimeout: number
  /** Brings the front's own gauges up to date. */
  readonly refresh: () => void
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

export class Dashboard {
  readonly #answers: DashboardAnswers
  readonly #families: FamiliesAnswer

  constructor(settings: DashboardParts) {
    const { scraper, selfMetrics, scrapes, now, gzip, refresh } = settings
    this.#families = new FamiliesAnswer({
      list: () => scraper.families(selfMetrics),
      gzip,
      now,
    })
    this.#answers = new DashboardAnswers({
      ...{ scraper, selfMetrics, now },
      open: (options, onCut) => {
        const key = JSON.stringify(['dashboard', options.names])
        const deadline = now() + settings.scrapeTimeout
        return scrapes.open(key, () => scraper.open(options), deadline, onCut, false)
      },
      othersWait: () => scrapes.waiting > 0,
      refresh: () => {
        if (selfMetrics) refresh()
      },
    })
  }

  /** @throws Error of the system where a file of the page cannot be read. */
  answer({ part, panels, gzip }: DashboardRequest): Answer {
    if (part === 'data') return { kind: 'stream', headers: DATA, open: () => this.#openFigures(panels) }
    const { type, bytes, packed } =
      part === 'families' ? { type: JSON_TYPE, ...this.#families.get(gzip) } : assetOf(part, gzip)
    const headers: Headers = [
      ['Content-Type', type],
      ...(packed ? [['Content-Encoding', 'gzip'] as const] : []),
      ['Vary', 'Accept-Encoding'],
      ...(part === 'page' || part === 'folder' ? PAGE : []),
      ...SAME_ORIGIN,
    ]
    return { kind: 'whole', headers, bytes }
  }

  #openFigures(panels: readonly Panel[]): Reading {
    const figures = this.#answers.figures(panels)
    if (figures === undefined) throw new Cut(BUSY)
    return new LaterReading(figures.answer, figures.leave)
  }

  /** Questions that wait are refused. */
  close(): void {
    this.#answers.close(new Cut(CLOSING))
  }
}
