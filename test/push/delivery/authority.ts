/** A certificate authority, made by openssl. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

export class Authority {
  readonly cert: string
  readonly #folder: string
  readonly #key: string

  constructor(folder: string, name = 'authority') {
    this.#folder = folder
    this.cert = join(folder, `${name}.pem`)
    this.#key = join(folder, `${name}.key`)
    openssl([
      'req',
      '-x509',
      ...KEY,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      this.#key,
      '-out',
      this.cert,
    ])
  }

  /** A certificate for what `names` says (`DNS:a.example,IP:127.0.0.1`), and its key. */
  pair(name: string, names: string): { cert: string; key: string } {
    const [cert, key, request, extensions] = ['crt', 'key', 'csr', 'ext'].map(end =>
      join(this.#folder, `${name}.${end}`),
    ) as [string, string, string, string]
    writeFileSync(extensions, `subjectAltName=${names}\n`)
    openssl(['req', ...KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request])
    const by = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', '-days', '2']
    openssl(['x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', cert])
    return { cert, key }
  }
}

function openssl(args: string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' })
}
