import type { Report } from '../report/model.js'
import { blocked } from './blocked/suite.js'
import { checking } from './checking/suite.js'
import { compression } from './compression/suite.js'
import { dashboard } from './dashboard/suite.js'
import type { Effort } from './effort.js'
import { encoding } from './encoding/suite.js'
import { folding } from './folding/suite.js'
import { front } from './front/suite.js'
import { gathering } from './gathering/suite.js'
import { idle } from './idle/suite.js'
import { importing } from './importing/suite.js'
import { outside } from './outside/suite.js'
import { promClient } from './prom-client/suite.js'
import { pushing } from './pushing/suite.js'
import { quiet } from './quiet/suite.js'
import { recording } from './recording/suite.js'
import { scenario } from './scenario/suite.js'
import { scrape } from './scrape/suite.js'
import { series } from './series/suite.js'
import { sizes } from './sizes/suite.js'
import { threads } from './threads/suite.js'
import { watching } from './watching/suite.js'

/** In the order in which they run. */
export const suites: Readonly<Record<string, (effort: Effort) => Promise<Report>>> = {
  recording,
  threads,
  encoding,
  sizes,
  folding,
  compression,
  scrape,
  gathering,
  blocked,
  outside,
  series,
  front,
  pushing,
  quiet,
  idle,
  'prom-client': promClient,
  importing,
  checking,
  dashboard,
  watching,
  scenario,
}
