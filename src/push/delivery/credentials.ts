/** The header `authorization`: of what the program gave, or of files, which are read again when they change. */
import { validateHeaderValue } from 'node:http'
import { Followed, readSmallFile } from './followed-file.js'

export type Auth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'basic'; readonly username: string; readonly passwordFile: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'bearer'; readonly tokenFile: string }

/** A file that is larger holds something else, bytes. */
const MAX_SECRET = 64 * 1024

export interface Credentials {
  /** The header's value. */
  readonly header: string
  /** All spellings of what must not be shown. */
  readonly secrets: readonly string[]
}

/** The file that holds the password or token, if one does. */
export function secretFile(auth: Auth): string | undefined {
  if ('passwordFile' in auth) return auth.passwordFile
  return 'tokenFile' in auth ? auth.tokenFile : undefined
}

/** Reads a password or a token; a line end behind it is not part of it. */
function readSecret(path: string): string {
  const secret = readSmallFile(path, MAX_SECRET).toString().trim()
  if (secret === '') throw new Error(`${path} is empty`)
  return secret
}

/** @throws Error that says what is wrong, and shows no secret. */
export function credentialsOf(auth: Auth): Credentials {
  const file = secretFile(auth)
  const secret = file !== undefined ? readSecret(file) : 'password' in auth ? auth.password : token(auth)
  if (auth.kind === 'basic') {
    const both = Buffer.from(`${auth.username}:${secret}`).toString('base64')
    return { header: `Basic ${both}`, secrets: [secret, both] }
  }
  const header = `Bearer ${secret}`
  try {
    if (/\s/.test(secret)) throw new Error()
    validateHeaderValue('authorization', header)
  } catch {
    throw new Error(`${file ?? 'the token'} holds characters that a token cannot have`)
  }
  return { header, secrets: [secret] }
}

function token(auth: Auth): string {
  return 'token' in auth ? auth.token : ''
}

/** Credentials as they are now: see Followed. */
export function followCredentials(auth: Auth): Followed<Credentials> {
  const file = secretFile(auth)
  return new Followed(file === undefined ? [] : [file], () => credentialsOf(auth))
}
