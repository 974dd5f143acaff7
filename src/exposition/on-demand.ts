/** What a registry loads of this room with its first exposition. A thread that only records does without. */
export { expose } from './expose.js'
export { createGuestScraper } from './scraper.js'
