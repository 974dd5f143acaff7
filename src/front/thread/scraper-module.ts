/** What a front's thread works with; tests put another module in its place. */
export { createScraper } from '../../exposition/scraper.js'
export { createRecorder } from './self-metrics.js'
