/** A seeded source of choices: the same seed gives the same cases on every machine. */

export interface Random {
  /** An integer from 0 to `size` - 1. */
  below(size: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** `make` called between `least` and `most` times. */
  list<T>(least: number, most: number, make: () => T): T[]
}

/** Mulberry32: 32 bits of state, good enough to spread test cases. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (size: number): number => Math.floor(next() * size)
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    list: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make),
  }
}
