/** "Did you mean": the known name nearest to one that was mistyped. */

/** Names longer than this are not compared: the cost grows with the product of both lengths. */
const comparedLengthMax = 64

/** The candidate within a third of its length in edits (swapped neighbours count once); undefined when none is near. */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestScore = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const score = distance(fold(name), fold(candidate))
    const isNear = score <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3))
    // A name that holds the other whole (`refund`, `refund_order`) is a likely slip although many letters differ.
    const holds = name.length >= 4 && candidate.length >= 4 && (name.includes(candidate) || candidate.includes(name))
    const weighed = isNear ? score : holds ? score + comparedLengthMax : Number.POSITIVE_INFINITY
    if (weighed < bestScore) {
      best = candidate
      bestScore = weighed
    }
  }
  return best
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const closest = closestName(name, candidates)
  return closest === undefined ? '' : ` Did you mean "${closest}"?`
}

function fold(name: string): string {
  return name
    .slice(0, comparedLengthMax)
    .toLowerCase()
    .replaceAll(/[-_. ]/g, '')
}

/** Optimal string alignment distance. */
function distance(left: string, right: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (isSwap) cost = Math.min(cost, beforePrevious[column - 2]! + 1)
      current.push(cost)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length]!
}
