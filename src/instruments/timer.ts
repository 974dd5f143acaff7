/** Starts a timer. The function returned passes the seconds since then to `done`, and returns them. */
export function startTimer(elapsed: () => number, done: (seconds: number) => void): () => number {
  const begin = elapsed()
  return () => {
    const seconds = elapsed() - begin
    done(seconds)
    return seconds
  }
}
