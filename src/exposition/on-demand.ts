/** What a registry loads of this room with its first exposition. A thread that only records does without. */
export { checkExposeOptions, expose, whole } from './expose.js'
export { createGuestScraper } from './scraper.js'
