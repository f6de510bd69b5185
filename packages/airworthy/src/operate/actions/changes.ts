/** Tells waiting callers that an action of theirs changed. Between processes nothing is told, so a waiter also looks by itself. */

export interface ActionChanges {
  changed(actionId: string): void
  /** Resolves at the next change, after the time, or when the signal aborts. */
  next(actionId: string, timeoutMs: number, signal: AbortSignal): Promise<void>
}

export function actionChanges(): ActionChanges {
  const waiting = new Map<string, Set<() => void>>()
  return {
    changed(actionId) {
      for (const wake of waiting.get(actionId) ?? []) wake()
    },
    next(actionId, timeoutMs, signal) {
      return new Promise((resolve) => {
        const wakes = waiting.get(actionId) ?? new Set()
        waiting.set(actionId, wakes)
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          wakes.delete(done)
          if (wakes.size === 0) waiting.delete(actionId)
          resolve()
        }
        const timer = setTimeout(done, timeoutMs)
        signal.addEventListener('abort', done)
        wakes.add(done)
        if (signal.aborted) done()
      })
    },
  }
}
