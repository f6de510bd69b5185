import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { controls, notBuilt } from './controls.ts'

const page = readFileSync(new URL('../../../../docs/controls.md', import.meta.url), 'utf8')
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
)

test('there are 31 controls, in the order of the checklist', () => {
  expect(controls.map(({ id }) => id).join(' ')).toBe(
    'SCOPE-1 SCOPE-2 SCOPE-3 SCOPE-4 SCOPE-5 EVAL-1 EVAL-2 EVAL-3 EVAL-4 EVAL-5 EVAL-6 OBS-1 OBS-2 OBS-3 OBS-4 OBS-5 OBS-6 ' +
      'BUDGET-1 BUDGET-2 BUDGET-3 DATA-1 DATA-2 DATA-3 DATA-4 DATA-5 INC-1 INC-2 INC-3 INC-4 RULE-1 RULE-2',
  )
})

test('docs/controls.md has exactly these, in this order, each with its title', () => {
  expect([...sections.keys()]).toEqual(controls.map(({ id }) => id))
  for (const { id, title } of controls) expect(sections.get(id)).toContain(`**${title}.**`)
})

test('docs/controls.md says of each how far this version judges it', () => {
  for (const { id, judged, mend } of controls) {
    const isBuilt = judged !== 'nowhere'
    expect([id, sections.get(id)?.includes('This version: in dev')]).toEqual([id, isBuilt])
    expect([id, sections.get(id)?.includes('This version: not built yet.')]).toEqual([id, !isBuilt])
    expect([id, mend === notBuilt()]).toEqual([id, !isBuilt])
  }
})

test('evidence of drills is good for 90 days, all other for 31', () => {
  const days = (ms: number): number => ms / 86_400_000
  const drills = controls.filter(({ freshMs }) => days(freshMs) === 90).map(({ id }) => id)
  expect(drills).toEqual(['BUDGET-1', 'BUDGET-2', 'BUDGET-3', 'INC-1', 'INC-2'])
  expect(controls.filter(({ freshMs }) => days(freshMs) === 31)).toHaveLength(26)
})

test('what has nothing to judge is computed from the manifest', () => {
  const demands = { exceptions: [], lowered: [], retrievals: 0, externalTools: 0, usesJudge: false }
  const reasons = controls.flatMap(({ id, notApplicable }) => {
    const reason = notApplicable?.(demands)
    return reason === undefined ? [] : [id]
  })
  expect(reasons).toEqual(['EVAL-6', 'OBS-2', 'DATA-4'])
  const all = { ...demands, retrievals: 1, externalTools: 1, usesJudge: true }
  expect(controls.filter(({ notApplicable }) => notApplicable?.(all) !== undefined)).toEqual([])
})
