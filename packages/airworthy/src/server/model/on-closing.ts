/** What is done when a signal aborts, by one listener for all: a signal looks through its listeners whenever one comes or goes. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls it at once where the signal has aborted. @returns what takes it back. */
export function onClosing(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) run()
  let runs = waiting.get(signal)
  if (runs === undefined) {
    const all = new Set<() => void>()
    signal.addEventListener('abort', () => {
      for (const one of all) one()
    })
    waiting.set(signal, all)
    runs = all
  }
  const known = runs
  known.add(run)
  return () => void known.delete(run)
}
