/**
 * The fewest items to take out of a list of distinct numbers so that the rest is increasing: what was moved. (All that are not
 * in a longest increasing subsequence, found by patience sorting.)
 */
export function outOfOrder(numbers: readonly number[]): number[] {
  const lasts: number[] = []
  const previous: number[] = []
  numbers.forEach((number, position) => {
    let [low, high] = [0, lasts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((numbers[lasts[middle] as number] as number) < number) low = middle + 1
      else high = middle
    }
    previous[position] = low === 0 ? -1 : (lasts[low - 1] as number)
    lasts[low] = position
  })
  const kept = new Set<number>()
  for (let position = lasts.at(-1) ?? -1; position >= 0; position = previous[position] as number) kept.add(position)
  return numbers.filter((_, position) => !kept.has(position))
}
