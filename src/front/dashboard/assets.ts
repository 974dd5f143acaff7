/** The files of the page. Each is read when it is first asked for, and kept compressed. */
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'

/** `folder` is the page as it is asked for with a slash behind its name. */
export type Asset = 'page' | 'folder' | 'script' | 'style'

const PAGE = new URL('../../../page/index.html', import.meta.url)
const FILES: Readonly<Record<Asset, readonly [file: URL, type: string]>> = {
  page: [PAGE, 'text/html; charset=utf-8'],
  folder: [PAGE, 'text/html; charset=utf-8'],
  script: [new URL('../../../page/app.js', import.meta.url), 'text/javascript; charset=utf-8'],
  style: [new URL('../../../page/app.css', import.meta.url), 'text/css; charset=utf-8'],
}
/** They are compressed once. */
const LEVEL = 9

const kept = new Map<Asset, Uint8Array>()

/** @throws Error of the system where the file cannot be read. */
export function assetOf(
  asset: Asset,
  gzip: boolean,
): { readonly type: string; readonly bytes: Uint8Array; readonly packed: boolean } {
  const [file, type] = FILES[asset]
  let packed = kept.get(asset)
  if (packed === undefined) {
    const text = readFileSync(file)
    packed = gzipSync(asset === 'folder' ? fromWithin(text) : text, { level: LEVEL })
    kept.set(asset, packed)
  }
  return { type, bytes: gzip ? packed : gunzipSync(packed), packed: gzip }
}

/**
 * The page with the addresses of its files as they are from within their folder. They stay relative, so nothing needs to
 * know what a proxy puts before them; and a redirect would name a path that it may have to translate.
 */
function fromWithin(page: Buffer): string {
  return page.toString().replaceAll('="dashboard/', '="')
}
