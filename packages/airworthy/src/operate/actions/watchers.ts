/** Who looks on as a kit governs: traces on a terminal, tests, metrics. A watcher decides nothing. */
import type { ActionAnswer } from '../../guard/answer.ts'
import type { GuardEvent } from '../../guard/guard.ts'

export interface KitWatcher {
  readonly event?: (event: GuardEvent) => void
  /** After each passage through the guard, executions on approval included; repeats of an earlier action come too. */
  readonly answer?: (tool: string, answer: ActionAnswer, durationMs: number) => void
}

export interface Watchers {
  /** Tells of everything from now on; the function that is returned ends it. */
  watch(watcher: KitWatcher): () => void
  /** What a watcher does wrong is its own; the action goes on. */
  tell(say: (watcher: KitWatcher) => void): void
}

export function kitWatchers(log: (line: string) => void): Watchers {
  const watching = new Set<KitWatcher>()
  return {
    watch(watcher) {
      watching.add(watcher)
      return () => watching.delete(watcher)
    },
    tell(say) {
      for (const watcher of watching) {
        try {
          say(watcher)
        } catch (error) {
          log(`a watcher failed: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    },
  }
}
