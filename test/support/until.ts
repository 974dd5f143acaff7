/** Waits, turn by turn of the event loop, for what other threads do without an event. */
export async function until(
  what: string,
  done: () => boolean | Promise<boolean>,
  within = 30_000,
): Promise<void> {
  const limit = performance.now() + within
  while (!(await done())) {
    if (performance.now() > limit) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
