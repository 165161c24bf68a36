/** Short enough that a key seems to act at once, long enough that the way to the event loop and back costs nothing. */
const everyMs = 50

let lastMs = Number.NEGATIVE_INFINITY

/**
 * Comes back to the event loop if this thread has not done so here for 50 ms: work that only awaits what is already there never does, and
 * signals, timers and messages, an abort among them, then wait until all of it is over.
 * Throws the signal's reason where it is aborted.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - lastMs >= everyMs) {
    await new Promise((resolve) => setTimeout(resolve))
    lastMs = performance.now()
  }
  signal?.throwIfAborted()
}
