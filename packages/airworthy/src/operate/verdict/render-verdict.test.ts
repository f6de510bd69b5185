import { expect, test } from 'vitest'
import type { Digest } from '../../core/digest.ts'
import { type Control, controls } from '../../readiness/controls.ts'
import { decide } from '../../readiness/decide.ts'
import type { Demands } from '../../readiness/demands.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import { renderVerdict } from './render-verdict.ts'

const release: Digest = `sha256:${'1234567890abcdef'.repeat(4)}`
const now = Date.parse('2026-03-01T12:00:00Z')
const demands: Demands = { exceptions: [], lowered: [], retrievals: 0, externalTools: 0, usesJudge: false }
const seen = (control: string, more: Partial<Evidence> = {}): Evidence => ({
  control,
  release,
  environment: 'dev',
  producer: 'probe 0.1.0',
  atMs: now - 60_000,
  simulated: false,
  outcome: 'pass',
  summary: 'The probe saw what it looked for.',
  ...more,
})

const evidence = [
  seen('SCOPE-1', { notJudged: ['Whether each tool result belongs to an action is not seen yet.'] }),
  seen('SCOPE-2', {
    outcome: 'fail',
    summary: 'issue_refund is open or unbounded: /amount has no bound.',
    mend: 'Set limits under tools.issue_refund.limits, such as minimum and maximum of each number.',
  }),
  seen('SCOPE-3', { outcome: 'unknown', summary: 'No way in.', mend: 'Open the door.' }),
  seen('INC-1', { producer: 'drill 0.1.0', summary: 'Requested to verified took 64 ms (limit 60000 ms).' }),
]

test('NO-GO, as a terminal shows it', async () => {
  const verdict = decide({ evidence, demands, release, environment: 'dev', now })
  await expect(renderVerdict(verdict, { color: false })).toMatchFileSnapshot('./golden/no-go.golden')
})

test('GO WITH EXCEPTIONS, as a terminal shows it', async () => {
  const judged: Control[] = controls.slice(0, 3).map((control) => ({ ...control, judged: 'everywhere' as const }))
  const exception = { control: 'SCOPE-3', by: 'ana', reason: 'The door opens next week.', expires: '2026-03-08' }
  const verdict = decide({
    controls: judged,
    evidence: [seen('SCOPE-1'), seen('SCOPE-2')],
    demands: { ...demands, exceptions: [exception] },
    release,
    environment: 'dev',
    now,
  })
  await expect(renderVerdict(verdict, { color: false })).toMatchFileSnapshot('./golden/go-with-exceptions.golden')
})

test('colour changes nothing but the colour', () => {
  const verdict = decide({ evidence, demands, release, environment: 'dev', now })
  const painted = renderVerdict(verdict, { color: true })
  expect(painted).toContain('\u001b[31mNO-GO\u001b[0m')
  expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderVerdict(verdict, { color: false }))
})

test('no line is wider than asked, and the last one is the verdict', () => {
  const lines = renderVerdict(decide({ evidence, demands, release, environment: 'dev', now }), {
    color: false,
    width: 60,
  })
    .trimEnd()
    .split('\n')
  expect(lines.at(-1)).toBe('NO-GO')
  // The line of the release is one word that cannot be broken.
  for (const line of lines.filter((each) => each.startsWith(' '))) expect(line.length).toBeLessThanOrEqual(60)
})

test('a name from outside cannot move the cursor or turn the text around', () => {
  const nasty = seen('SCOPE-1', { outcome: 'fail', summary: 'evil\u001b[2J\u202etool' })
  const text = renderVerdict(decide({ evidence: [nasty], demands, release, environment: 'dev', now }), { color: false })
  expect(text).toContain('evil?[2J?tool')
  expect(text).not.toMatch(/[\u001b\u202e]/)
})
