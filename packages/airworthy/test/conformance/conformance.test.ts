/** The official suite, whole, in both eras: what a server passes alone it passes through the gateway, guard and log on. */
import { describe, expect, it } from 'vitest'
import { compare, faultsOf, revisions } from './compare.ts'

/** The length of the revision's frozen list for servers. */
const scenariosRequired = { '2026-07-28': 37, '2025-11-25': 30 } as const

describe('the official conformance suite, alone and through the gateway', () => {
  it.each(revisions)(
    '%s: no scenario is lost but those that are expected to be',
    { timeout: 60_000 },
    async (revision) => {
      const { rows, auditEntries } = await compare(revision)
      expect(faultsOf(rows)).toEqual([])
      // It went through the guard, not around it.
      expect(auditEntries).toBeGreaterThan(10)
      const required = rows.filter(({ isRequired }) => isRequired)
      expect(required.length).toBe(scenariosRequired[revision])
      expect(required.filter(({ alone }) => alone.failed > 0).map(({ scenario }) => scenario)).toEqual([])
    },
  )

  it('calls out a loss and an expectation that came true no more', () => {
    const tally = { passed: 1, failed: 0 }
    const row = { scenario: 'x', isRequired: true, alone: tally, gateway: tally, lost: [], expected: undefined }
    expect(faultsOf([row])).toEqual([])
    expect(faultsOf([{ ...row, lost: [{ check: 'c', why: 'w' }] }])).toEqual(['x: c: w'])
    expect(faultsOf([{ ...row, lost: [{ check: 'c', why: 'w' }], expected: 'because' }])).toEqual([])
    expect(faultsOf([{ ...row, expected: 'because' }])).toEqual([expect.stringContaining('passes now')])
  })
})
