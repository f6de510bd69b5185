/**
 * Detectors against published samples that lie beside the project, as exact counts: a change of either number is a change of
 * what the product finds, and has to be looked at.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { detect } from '../detect.ts'

const datasets = fileURLToPath(new URL('../../../../../../shared/datasets/', import.meta.url))

/** One file of an archive, read in place; nothing is unpacked. */
function archived(archive: string, path: string): string {
  return execFileSync('tar', ['xzOf', `${datasets}${archive}.tar.gz`, path], { encoding: 'utf8', maxBuffer: 1e9 })
}

function present(archive: string): boolean {
  return existsSync(`${datasets}${archive}.tar.gz`)
}

interface Sample {
  readonly full_text: string
  readonly spans: readonly { entity_type: string; start_position: number; end_position: number }[]
}

interface Counts {
  readonly annotated: number
  /** A match of exactly the annotated stretch. */
  readonly exact: number
  /** Not exact, but nothing of the stretch is left uncovered. */
  readonly covered: number
  readonly missed: number
  /** Matches that touch no annotated stretch of the type. */
  readonly unannotated: number
}

function count(samples: readonly Sample[], entity: string, detector: string): Counts {
  const counts = { annotated: 0, exact: 0, covered: 0, missed: 0, unannotated: 0 }
  for (const { full_text: text, spans } of samples) {
    const matches = detect(text, [detector])
    const wanted = spans.filter((span) => span.entity_type === entity)
    counts.annotated += wanted.length
    for (const { start_position: start, end_position: end } of wanted) {
      if (matches.some((match) => match.start === start && match.end === end)) counts.exact++
      else if (matches.some((match) => match.start <= start && match.end >= end)) counts.covered++
      else counts.missed++
    }
    counts.unannotated += matches.filter(
      (match) => !wanted.some((span) => match.start < span.end_position && match.end > span.start_position),
    ).length
  }
  return counts
}

describe.skipIf(!present('presidio-research'))('presidio-research (skipped where ../shared/datasets is absent)', () => {
  test.each([
    ['synth_dataset_v2', 'EMAIL_ADDRESS', 'email', { annotated: 42, exact: 42, covered: 0, missed: 0, unannotated: 0 }],
    // The five begin with 35 and lie outside JCB's range (3528 to 3589): no scheme issues such numbers.
    ['synth_dataset_v2', 'CREDIT_CARD', 'card', { annotated: 88, exact: 83, covered: 0, missed: 5, unannotated: 0 }],
    ['synth_dataset_v2', 'IBAN_CODE', 'iban', { annotated: 10, exact: 10, covered: 0, missed: 0, unannotated: 0 }],
    ['generated_large', 'EMAIL_ADDRESS', 'email', { annotated: 58, exact: 58, covered: 0, missed: 0, unannotated: 0 }],
    ['generated_large', 'CREDIT_CARD', 'card', { annotated: 128, exact: 128, covered: 0, missed: 0, unannotated: 0 }],
    ['generated_large', 'IBAN_CODE', 'iban', { annotated: 15, exact: 15, covered: 0, missed: 0, unannotated: 0 }],
  ])('%s %s', (file, entity, detector, expected) => {
    const counts = count(JSON.parse(archived('presidio-research', `presidio-research/${file}.json`)), entity, detector)
    console.info(`${file} ${detector}: ${JSON.stringify(counts)}`)
    expect(counts).toEqual(expected)
  })
})

interface Fixture {
  readonly rule: string
  readonly case: string
  readonly label: 'secret' | 'clean'
  readonly files: Readonly<Record<string, string>>
  readonly expected_messages: readonly { readonly range: readonly [number, number]; readonly messageId: string }[]
}

test.skipIf(!present('secretlint-fixtures'))('secretlint-fixtures (skipped where ../shared/datasets is absent)', () => {
  const lines = archived('secretlint-fixtures', 'secretlint-fixtures/fixtures.jsonl').trim().split('\n')
  const missed: string[] = []
  const alarms: string[] = []
  const counts = {
    secretCases: 0,
    secretCasesFound: 0,
    messages: 0,
    messagesFound: 0,
    cleanCases: 0,
    cleanCasesWithAlarm: 0,
  }
  for (const fixture of lines.map((line): Fixture => JSON.parse(line))) {
    const [text = ''] = Object.values(fixture.files)
    const matches = detect(text, ['credentials'])
    const name = `${fixture.rule.replace('secretlint-rule-', '')}/${fixture.case}`
    if (fixture.label === 'clean') {
      counts.cleanCases++
      if (matches.length > 0) alarms.push(name)
      continue
    }
    const found = fixture.expected_messages.filter(({ range }) =>
      matches.some((match) => match.start < range[1] && match.end > range[0]),
    ).length
    counts.secretCases++
    counts.messages += fixture.expected_messages.length
    counts.messagesFound += found
    if (found === fixture.expected_messages.length) counts.secretCasesFound++
    else missed.push(`${name} ${found}/${fixture.expected_messages.length}`)
  }
  counts.cleanCasesWithAlarm = alarms.length
  console.info(
    `secretlint-fixtures: ${JSON.stringify(counts)}\nmissed: ${missed.join(', ')}\nalarms: ${alarms.join(', ')}`,
  )
  expect(counts).toEqual({
    secretCases: 26,
    secretCasesFound: 17,
    messages: 61,
    messagesFound: 50,
    cleanCases: 19,
    cleanCasesWithAlarm: 1,
  })
  // No credentials: ids of tenants and clients, home directories, the words of a scanner's own test rule. A bare
  // secp256k1 key looks like any hash and is missed.
  expect(new Set(missed.map((name) => name.replace(/\/.*/, '')))).toEqual(
    new Set(['azure', 'filter-comments', 'no-homedir', 'secp256k1-privatekey']),
  )
  // A real key that this fixture's own configuration allows.
  expect(alarms).toEqual(['groq/ok.allows'])
})
