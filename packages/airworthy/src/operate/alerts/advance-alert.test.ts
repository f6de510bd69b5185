import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testAlert } from '../../../test/fixtures/test-alert.ts'
import type { AlertRule } from '../../core/manifest/alert-rules.ts'
import { type AlertRecord, type AlertStep, advanceAlert, type Reading } from './advance-alert.ts'

const minute = 60_000
/** above, just above and not certain, between nine tenths and the threshold, at nine tenths, below, no data */
const readings: Readonly<Record<string, Reading>> = {
  A: { kind: 'value', value: 0.4, verdict: 'above', why: 'above' },
  u: { kind: 'value', value: 0.25, verdict: 'uncertain', why: 'uncertain' },
  n: { kind: 'value', value: 0.19, verdict: 'below', why: 'near' },
  c: { kind: 'value', value: 0.18, verdict: 'below', why: 'clear' },
  '-': { kind: 'no-data', why: 'nothing' },
}
const letters: Readonly<Record<AlertRecord['state'], string>> = {
  ok: 'o',
  rising: 'r',
  firing: 'F',
  resolved: 'R',
  no_data: '-',
}

/** One reading a minute; each state as a letter, with `!` where people are told that it fires, `.` that it is over, `?` of no data. */
function run(script: string, rule: AlertRule, steps: (step: AlertStep) => void = () => {}): string {
  let record: AlertRecord | undefined
  let shown = ''
  for (const [n, letter] of [...script].entries()) {
    const step = advanceAlert(record, rule, readings[letter] as Reading, n * minute)
    steps(step)
    record = step.record
    const told = step.tell === undefined ? '' : { firing: '!', resolved: '.', no_data: '?' }[step.tell]
    shown += `${letters[record.state]}${told}`
  }
  return shown
}

describe('the states of an alert', () => {
  const cases: [string, Partial<AlertRule>, string, string][] = [
    ['above and certain: it fires at once, and tells once', {}, 'ccAAA', 'ooF!FF'],
    ['not certain: it is shown as rising, and nobody is told', {}, 'cuuu', 'orrr'],
    ['rising goes back at nine tenths, not before', {}, 'cunnc', 'orrro'],
    ['near the threshold from below is ok', {}, 'cnnn', 'oooo'],
    ['it waits as long as the rule says', { forMs: 2 * minute }, 'AAAA', 'rrF!F'],
    ['a wait begins again when it was not above', { forMs: 2 * minute }, 'AAuAAA', 'rrrrrF!'],
    ['it resolves after five clear minutes', {}, 'AccccccC'.replace('C', 'c'), 'F!FFFFFR.R'],
    ['five minutes that are not all clear do not resolve it', {}, 'Acccnccccc', 'F!FFFFFFFFF'],
    ['no data is no recovery', {}, 'A---------', 'F!FFFFFFFFF'],
    ['no data is shown as such, and told where the rule says so', { noData: 'notify' }, '-c--', '-o-?-'],
    ['no data is not told by default', {}, 'c--', 'o--'],
    [
      'fired again soon after, it is quiet until a quarter of an hour is over',
      {},
      'AccccccAAAAAAAAAA',
      'F!FFFFFR.FFFFFFFFF!F',
    ],
    [
      'while it fires it is told again after the time of repeats',
      { repeatMs: 5 * minute },
      'AAAAAAAAAAA',
      'F!FFFFF!FFFFF!',
    ],
  ]
  it.each(cases)('%s', (_name, more, script, expected) => {
    expect(run(script, testAlert(more))).toBe(expected)
  })

  it('a clock that was two days ahead keeps nothing waiting, and nobody uninformed, until that time comes', () => {
    const rule = testAlert({ forMs: 2 * minute, repeatMs: 20 * minute })
    const aheadMs = 48 * 60 * minute
    const at = (previous: AlertRecord | undefined, atMs: number) =>
      advanceAlert(previous, rule, readings.A as Reading, atMs)
    const rising = at(undefined, aheadMs).record
    expect([0, 1, 2].reduce<AlertRecord>((last, n) => at(last, n * minute).record, rising).state).toBe('firing')
    const told = at(at(rising, aheadMs + minute).record, aheadMs + 2 * minute)
    expect(told.tell).toBe('firing')
    const right = at(told.record, 0)
    expect([right.tell, at(right.record, 20 * minute).tell]).toEqual([undefined, 'firing'])
  })

  it('resolved is shown for a day', () => {
    expect(run(`Acccccc${'c'.repeat(24 * 60)}`, testAlert()).slice(-2)).toBe('Ro')
  })

  it('whatever is read: it fires only on what is above, never resolves on what is not clear, and tells no more often than it may', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Object.keys(readings)), { maxLength: 120 }),
        fc.integer({ min: 0, max: 5 }),
        (script, forMinutes) => {
          let before: AlertRecord | undefined
          let at = -1
          let toldAt = Number.NEGATIVE_INFINITY
          run(script.join(''), testAlert({ forMs: forMinutes * minute }), ({ record, tell }) => {
            at++
            const letter = script[at]
            if (record.state === 'firing' && before?.state !== 'firing') {
              expect(script.slice(Math.max(0, at - forMinutes), at + 1).every((one) => one === 'A')).toBe(true)
            }
            if (record.state === 'resolved' && before?.state === 'firing') expect(letter).toBe('c')
            if (letter === '-') expect(['firing', 'no_data']).toContain(record.state)
            if (tell === 'firing') {
              expect(at - toldAt).toBeGreaterThanOrEqual(15)
              toldAt = at
            }
            expect(record.revision).toBe(at + 1)
            before = record
          })
        },
      ),
    )
  })
})
