/** The module that makes what a front's thread scrapes and counts with. Tests replace it by their own. */
export { createScraper } from '../../exposition/scraper.js'
export { createRecorder } from './self-metrics.js'
