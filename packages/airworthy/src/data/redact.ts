/** Redaction: what was found is replaced by `[redacted:<kind>]` and cannot be had back. */
import type { DataClass } from '../core/action.ts'
import type { JsonValue } from '../core/json.ts'
import { classesOfDetector, type DataRules, detectClasses, type Finding } from './detect.ts'
import { isCardNumber } from './detectors/card.ts'
import type { Match } from './detectors/match.ts'
import { replaceStretches, rewriteValue, stretchesOf } from './replace.ts'

/** The text with each finding replaced; overlapping findings become one, named after a credential among them, else the longest. Pure, never throws. */
export function redactText(text: string, findings: readonly Match[]): string {
  if (findings.length === 0) return text
  return replaceStretches(text, stretchesOf(findings), ({ matches }) => `[redacted:${namesakeOf(matches).kind}]`)
}

/** A value with everything of the given classes redacted: strings, keys and card numbers written as numbers. @throws JSON_INVALID beyond 64 levels */
export function redactClasses(value: JsonValue, rules: DataRules, classes: readonly DataClass[]): JsonValue {
  if (classes.length === 0) return value
  return rewriteValue(value, {
    key: (key) => redactFully(key, rules, classes),
    text: (text, name) => redactFully(text, rules, classes, name),
    number: (number) => (isRedactedNumber(number, rules, classes) ? '[redacted:card]' : number),
  })
}

const roundsMax = 4

/**
 * Redacts until nothing is found: taking something out may join what stood around it. A text that is never clean is
 * replaced whole.
 */
export function redactFully(text: string, rules: DataRules, classes: readonly DataClass[], name?: string): string {
  let redacted = text
  for (let round = 0; round < roundsMax; round++) {
    const findings = findingsOf(redacted, rules, classes, name)
    if (findings.length === 0) return redacted
    redacted = redactText(redacted, findings)
  }
  return findingsOf(redacted, rules, classes, name).length === 0 ? redacted : '[redacted]'
}

function isRedactedNumber(value: number, rules: DataRules, classes: readonly DataClass[]): boolean {
  return isCardNumber(value) && classesOfDetector(rules, 'card').some((dataClass) => classes.includes(dataClass))
}

function findingsOf(text: string, rules: DataRules, classes: readonly DataClass[], name?: string): Finding[] {
  return detectClasses(text, rules, name).filter((finding) => classes.includes(finding.class))
}

/** A password in a URL reads like an address with the host: what is worse to lose names the stretch. */
function namesakeOf(matches: readonly Match[]): Match {
  const length = (match: Match) => match.end - match.start
  return (
    matches.find((match) => match.kind === 'credentials') ??
    matches.reduce((longest, match) => (length(match) > length(longest) ? match : longest))
  )
}
