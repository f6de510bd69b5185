/**
 * One at a time within a task, for passages whose task learned something while they were checked. The store refuses to intend on
 * old facts whoever asks; without turns, parallel calls of one task would send each other back more often than is allowed.
 */

export interface TaskTurns {
  /** Waits for its turn, at most `waitMsMax`, and goes on without one then; call the result when done. */
  take(task: string, waitMsMax: number): Promise<() => void>
}

export function taskTurns(): TaskTurns {
  const last = new Map<string, Promise<void>>()
  return {
    async take(task, waitMsMax) {
      const before = last.get(task)
      let done = (): void => {}
      const mine = new Promise<void>((resolve) => {
        done = resolve
      })
      // Whoever comes next waits for all before it, also when this one did not wait to the end.
      const line = before === undefined ? mine : Promise.all([before, mine]).then(() => {})
      last.set(task, line)
      if (before !== undefined) await atMost(before, waitMsMax)
      return () => {
        if (last.get(task) === line) last.delete(task)
        done()
      }
    },
  }
}

async function atMost(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}
