/** The files of the page. Each is read when it is first asked for, and kept compressed. */
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'

export type Asset = 'page' | 'script' | 'style'

const FILES: Readonly<Record<Asset, readonly [file: URL, type: string]>> = {
  page: [new URL('../../../page/index.html', import.meta.url), 'text/html; charset=utf-8'],
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
    packed = gzipSync(readFileSync(file), { level: LEVEL })
    kept.set(asset, packed)
  }
  return { type, bytes: gzip ? packed : gunzipSync(packed), packed: gzip }
}
