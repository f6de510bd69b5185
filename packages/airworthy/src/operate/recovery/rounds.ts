/** What a kit does by itself, a second after it was done last: sweeps, escalations, tasks that nobody closes. */

export interface Rounds {
  /** Begins at once. */
  start(): void
  /** No further round begins. Resolves when the one that runs is over. */
  stop(): Promise<void>
}

/** @param work  one round; what it throws is told, and it comes again. */
export function rounds(work: () => Promise<void>, log: (line: string) => void, everyMs = 1_000): Rounds {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()
  const run = async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      log(`the sweep failed and is tried again: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (isStopped) return
    timer = setTimeout(begin, everyMs)
    timer.unref()
  }
  const begin = (): void => {
    current = run()
  }
  return {
    start: begin,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await current
    },
  }
}
