import type { Socket } from 'node:net'

/**
 * Sends what is written to a socket in answer to one read as one segment. A client that pipelines MAIL, RCPT and
 * DATA then gets its three answers in one system call instead of three, which is most of what they cost.
 */
export function coalesceAnswers(socket: Socket): void {
  let corked = false
  socket.prependListener('data', () => {
    if (corked) return
    corked = true
    socket.cork()
    setImmediate(() => {
      corked = false
      socket.uncork()
    })
  })
}
