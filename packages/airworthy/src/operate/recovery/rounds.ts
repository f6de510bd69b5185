/** What a kit does by itself, a second after it was done last: sweeps, escalations, tasks that nobody closes. */

export interface Rounds {
  /** Begins at once. */
  start(): void
  /** No further round begins. Resolves when the one that runs is over. */
  stop(): Promise<void>
}

/** @param work  one round; what it throws is told once, not each second that it is the same, and it comes again. */
export function rounds(work: () => Promise<void>, log: (line: string) => void, everyMs = 1_000): Rounds {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()
  let told: string | undefined
  const run = async (): Promise<void> => {
    try {
      await work()
      told = undefined
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (why !== told) log(`the sweep failed and is tried again: ${why}`)
      told = why
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
