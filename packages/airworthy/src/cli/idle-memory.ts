/**
 * Gives memory back after a burst. The engine keeps the heap that a busy minute needed for as long as nothing is allocated, which on a
 * shared machine is the whole night; a kit that has been quiet for a while collects once, when nobody waits for it.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Kit } from '../kit.ts'

const lookEveryMs = 10_000

/** @returns a function that stops it. */
export function giveBackWhenIdle(kit: Pick<Kit, 'watch'>): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let worked = false
  let isOwed = false
  const unwatch = kit.watch({
    answer: () => {
      worked = true
    },
  })
  const timer = setInterval(() => {
    if (worked) {
      worked = false
      isOwed = true
    } else if (isOwed) {
      isOwed = false
      collect()
    }
  }, lookEveryMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    unwatch()
  }
}
