/** Random choices that a seed fixes: the same seed gives the same choices on every machine. Not for secrets. */

export interface Random {
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number
  pick<T>(values: readonly [T, ...T[]]): T
  pick<T>(values: readonly T[]): T
  /** True with the given probability. */
  chance(probability: number): boolean
}

/** Mulberry32 over a hash of the seed and a name, so that one part of a world can grow without changing the others. */
export function randomFrom(seed: number, name: string): Random {
  let state = hashOf(`${seed}/${name}`)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(values: readonly T[]): T => {
    if (values.length === 0) throw new Error('nothing to pick from')
    return values[integer(0, values.length - 1)] as T
  }
  return { integer, pick, chance: (probability) => next() < probability }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash | 0
}
