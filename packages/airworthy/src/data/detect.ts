/** Detectors over one text: what of which data class stands where. */
import { type DataClass, dataClasses } from '../core/action.ts'
import { type BuiltDetector, builtDetectors } from '../core/manifest/detectors.ts'
import type { EffectiveManifest } from '../core/manifest/effective.ts'
import { detectCard } from './detectors/card.ts'
import { detectCredentials } from './detectors/credentials.ts'
import { detectEmail } from './detectors/email.ts'
import { detectIban } from './detectors/iban.ts'
import type { Match } from './detectors/match.ts'
import { isPassword, isPasswordName, isSecretName, isSecretValue } from './detectors/secret-names.ts'

/** The manifest's rules for data classes; `detect` lists detector names, and names that are not built find nothing. */
export type DataRules = EffectiveManifest['data']

export interface Finding extends Match {
  readonly class: DataClass
}

const detectors: Readonly<Record<BuiltDetector, (text: string) => Match[]>> = {
  email: detectEmail,
  card: detectCard,
  iban: detectIban,
  credentials: detectCredentials,
}

/** Nothing shorter is anything that a detector knows: the shortest is an address, `a@b.io`. */
const lengthMin = 6

/**
 * What the named detectors find in a text, by start, then the longer first. Matches of different kinds may overlap; those of one kind do not.
 * @param names  detector names; unknown and not built ones find nothing (`builtDetectors` says which exist).
 * @returns offsets in UTF-16 code units, `end` exclusive. Pure, linear in the text, never throws.
 */
export function detect(text: string, names: readonly string[]): Match[] {
  // Most strings and keys of a value are as short as this.
  if (text.length < lengthMin) return []
  const read = hasEscape.test(text) ? text.replaceAll(escapes, blank) : text
  const matches: Match[] = []
  for (const name of builtDetectors) {
    if (!names.includes(name)) continue
    for (const match of detectors[name](read)) matches.push(match)
    // A password may have a backslash in it: what either reading finds is one.
    if (name === 'credentials' && read !== text) for (const match of detectCredentials(text)) matches.push(match)
  }
  if (matches.length > 1) matches.sort(byPlace)
  return read === text ? matches : joinedByKind(matches)
}

/**
 * Much text is JSON inside a string, where a line break is two characters and the second one a letter: read as it stands, a number after
 * it would be the end of a word. Blanks of the same length take the place of escapes, so that offsets stay.
 */
const hasEscape = /\\[nrtbfu]/
const escapes = /\\(?:[nrtbf]|u[0-9a-fA-F]{4})/g
const blank = (found: string): string => ' '.repeat(found.length)

/** @param matches  by place. Those of one kind that overlap become one. */
function joinedByKind(matches: readonly Match[]): Match[] {
  const joined: Match[] = []
  const last = new Map<Match['kind'], number>()
  for (const match of matches) {
    const at = last.get(match.kind)
    const before = at === undefined ? undefined : joined[at]
    if (at === undefined || before === undefined || match.start >= before.end) {
      last.set(match.kind, joined.push(match) - 1)
    } else {
      joined[at] = { ...before, end: Math.max(before.end, match.end), score: Math.max(before.score, match.score) }
    }
  }
  return joined
}

/**
 * What a text holds of each data class: one finding for each class that lists the detector.
 * @param name  the member's name where the text is an object member's value: a value named `password` is a credential as a whole.
 */
export function detectClasses(text: string, rules: DataRules, name?: string): readonly Finding[] {
  const plan = planOf(rules)
  const matches = detect(text, plan.names)
  if (name !== undefined && plan.names.includes('credentials') && isNamedSecret(name, text)) {
    matches.unshift({ kind: 'credentials', start: 0, end: text.length, score: 0.8 })
  }
  if (matches.length === 0) return none
  return matches.flatMap((match) => plan.classesOf[match.kind].map((dataClass) => ({ class: dataClass, ...match })))
}

const none: readonly Finding[] = []

/** Data classes whose rule lists this detector. */
export function classesOfDetector(rules: DataRules, kind: BuiltDetector): readonly DataClass[] {
  return planOf(rules).classesOf[kind]
}

function isNamedSecret(name: string, value: string): boolean {
  return isSecretName(name) && (isPasswordName(name) ? isPassword(value) : isSecretValue(value))
}

function byPlace(a: Match, b: Match): number {
  return a.start - b.start || b.end - a.end
}

interface Plan {
  readonly names: readonly BuiltDetector[]
  readonly classesOf: Readonly<Record<BuiltDetector, readonly DataClass[]>>
}

/** Rules are loaded once and asked for every string: which detectors they need is worked out once. */
const plans = new WeakMap<DataRules, Plan>()

function planOf(rules: DataRules): Plan {
  const known = plans.get(rules)
  if (known !== undefined) return known
  const classesFor = (name: BuiltDetector) => dataClasses.filter((dataClass) => rules[dataClass].detect.includes(name))
  const plan: Plan = {
    names: builtDetectors.filter((name) => classesFor(name).length > 0),
    classesOf: {
      email: classesFor('email'),
      card: classesFor('card'),
      iban: classesFor('iban'),
      credentials: classesFor('credentials'),
    },
  }
  plans.set(rules, plan)
  return plan
}
