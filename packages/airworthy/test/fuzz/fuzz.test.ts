/** The first 1,000 sets of the differential fuzz; `npm run fuzz` runs 20,000. */
import { expect, test } from 'vitest'
import { fuzzPolicies } from './differential.ts'

test('1,000 random sets are decided as Cedar decides them', () => {
  const counts = fuzzPolicies(1, 0, 1_000)
  expect(counts.sets).toBe(1_000)
  // The cases must be worth something: all three outcomes, errors, both kinds of request.
  for (const outcome of ['allow', 'deny', 'withErrors', 'refused', 'typed'] as const)
    expect(counts[outcome]).toBeGreaterThan(100)
})
