/** One SMTP session as a client has it. */
import SMTPConnection from 'nodemailer/lib/smtp-connection'

export interface SessionOptions {
  readonly port: number
  /** Whether STARTTLS is asked for. */
  readonly tls?: boolean
  readonly login?: { readonly user: string; readonly pass: string }
}

export interface Letter {
  readonly from: string
  readonly to: readonly string[]
}

/** What the server answered to one letter, or to the login. */
export type Answer = { readonly accepted: number; readonly rejected: number } | { readonly code: number }

/** Holds a session of these letters, one after the other, and ends it. */
export async function converse(
  { port, tls = false, login }: SessionOptions,
  letters: readonly Letter[],
): Promise<Answer[]> {
  const connection = new SMTPConnection({
    ...{ host: '127.0.0.1', port, name: 'client.example', logger: false },
    ...(tls ? { requireTLS: true, tls: { rejectUnauthorized: false } } : { ignoreTLS: true }),
  })
  const ended = new Promise(resolve => connection.once('end', resolve))
  connection.on('error', () => {})
  const answers: Answer[] = []
  try {
    await called(done => connection.connect(done))
    if (login !== undefined) await called(done => connection.login({ ...login, credentials: login }, done))
    for (const { from, to } of letters) {
      const data = `From: <${from}>\r\nSubject: s\r\n\r\n${'A line.\r\n'.repeat(20)}`
      answers.push(
        await new Promise<Answer>(resolve =>
          connection.send({ from, to: [...to] }, data, (error, info) =>
            resolve(
              error
                ? { code: (error as { responseCode?: number }).responseCode ?? 0 }
                : { accepted: info.accepted.length, rejected: info.rejected.length },
            ),
          ),
        ),
      )
    }
  } catch (error) {
    answers.push({ code: (error as { responseCode?: number }).responseCode ?? 0 })
  }
  connection.quit()
  await ended
  return answers
}

function called(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call(error => (error ? reject(error) : resolve())))
}
