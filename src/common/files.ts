/**
 * Files of this package that are loaded by their path: the kernel, and what runs in threads of its own.
 *
 * Their names in the published package hold a hash (scripts/build-package.ts). So a file that is there is the right one,
 * and one of another release, or of the application, is never taken for it.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { plainError } from './errors.js'

/** What to do where a bundler has taken the package in. */
export const KEEP_EXTERNAL =
  'if the program is bundled, keep postmeter out of the bundle and installed beside it ' +
  '(esbuild: --external:postmeter; rollup: external: ["postmeter"]; ' +
  'webpack: externals: { postmeter: "commonjs postmeter" }; Next: serverExternalPackages: ["postmeter"])'

const START_ANEW = 'if the package was replaced or removed while the program runs, start the program anew'

/**
 * The path of a file of this package. A path and not a URL, because that class is another one in some test environments.
 *
 * @throws Error that says what to do if the file is not there.
 */
export function ownFile(url: URL): string {
  const path = fileURLToPath(url)
  if (!existsSync(path)) throw missing(`postmeter's file ${path} is not there`)
  return path
}

/** The error for a part of this package that could not be loaded when it was needed. */
export function notLoaded(error: unknown): unknown {
  if (!lacksFile(error)) return error
  return missing(`postmeter cannot load a part of itself: ${(error as Error).message.split('\n')[0]}`, error)
}

/** Whether the error says that a module's file is not there. */
export function lacksFile(error: unknown): boolean {
  const { code } = Object(error) as NodeJS.ErrnoException
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
}

function missing(what: string, cause?: unknown): Error {
  return plainError('ERR_POSTMETER_FILES', `${what}: ${KEEP_EXTERNAL}; ${START_ANEW}`, { cause })
}
