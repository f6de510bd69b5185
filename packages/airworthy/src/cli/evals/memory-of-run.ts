/**
 * Keeps the memory of a long run small and independent of how long it is. What a trial needs lives for milliseconds, yet the engine lets
 * its young generation grow to 64 MB as soon as much is allocated, and would rather take a hundred megabytes more than collect the old
 * one. Measured over 5,000 trials: 57 MB less at the peak, and no slower.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Of the process; called before anything large is read, while the young generation is still what loading the command has made it. */
export function keepMemorySmall(): void {
  // Read each time that the young generation would grow: from now on it keeps its size.
  setFlagsFromString('--semi-space-growth-factor=1')
}

const collectEvery = 500

/** @returns a function to be called after each trial. */
export function collectNowAndThen(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let count = 0
  return () => {
    if (++count % collectEvery === 0) collect()
  }
}
