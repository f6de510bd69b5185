/** Findings over a JSON value: each string, each number, and each key, with its JSON Pointer (RFC 6901). */
import type { DataClass } from '../core/action.ts'
import { AirworthyError } from '../core/errors.ts'
import { type JsonObject, type JsonValue, jsonDepthMax } from '../core/json.ts'
import { type BuiltDetector, builtDetectors } from '../core/manifest/detectors.ts'
import { classesOfDetector, type DataRules, detect, detectClasses } from './detect.ts'
import { isCardNumber } from './detectors/card.ts'

export interface ValueFinding {
  /** JSON Pointer; a key that itself holds something found stands in it redacted, so that paths can be logged. */
  readonly path: string
  readonly class: DataClass
  readonly kind: BuiltDetector
}

/** One string, number or key of a value, good for as long as it is visited. `name` is the member's key of an object's member. */
export interface Leaf {
  readonly path: string
  readonly value: string | number
  readonly of: 'value' | 'key'
  readonly name: string | undefined
}

/** Everything found in a value, in document order, keys before their values; equal findings of one place once. @throws JSON_INVALID beyond 64 levels */
export function findInValue(value: JsonValue, rules: DataRules): readonly ValueFinding[] {
  const found = new Map<string, ValueFinding>()
  walkLeaves(value, (leaf) => {
    for (const { class: dataClass, kind } of findingsOfLeaf(leaf, rules)) {
      const { path } = leaf
      const key = `${dataClass} ${kind} ${path}`
      if (!found.has(key)) found.set(key, { path, class: dataClass, kind })
    }
  })
  return found.size === 0 ? none : [...found.values()]
}

const none: readonly ValueFinding[] = []

/** Calls `visit` for each key, string and number, in document order. @throws JSON_INVALID beyond 64 levels */
export function walkLeaves(value: JsonValue, visit: (leaf: Leaf) => void): void {
  new Walk(visit).into(value, undefined, jsonDepthMax)
}

/** The leaf itself, moved on from place to place: few are asked for their path, so it is put together on demand. */
class Walk implements Leaf {
  value: string | number = ''
  of: 'value' | 'key' = 'value'
  name: string | undefined
  private readonly segments: (string | number)[] = []
  private readonly visit: (leaf: Leaf) => void

  constructor(visit: (leaf: Leaf) => void) {
    this.visit = visit
  }

  get path(): string {
    return this.segments.map((segment) => `/${typeof segment === 'number' ? segment : pathSegment(segment)}`).join('')
  }

  into(value: JsonValue, name: string | undefined, depthLeft: number): void {
    if (typeof value === 'string' || typeof value === 'number') {
      this.at(value, 'value', name)
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (depthLeft === 0) throw tooDeep()
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        this.segments.push(index)
        this.into(value[index] as JsonValue, name, depthLeft - 1)
        this.segments.pop()
      }
      return
    }
    for (const key of Object.keys(value)) {
      this.segments.push(key)
      this.at(key, 'key', undefined)
      this.into((value as JsonObject)[key] as JsonValue, key, depthLeft - 1)
      this.segments.pop()
    }
  }

  private at(value: string | number, of: 'value' | 'key', name: string | undefined): void {
    this.value = value
    this.of = of
    this.name = name
    this.visit(this)
  }
}

/** A card number may be written as a number; nothing else that is detected can. */
function findingsOfLeaf(leaf: Leaf, rules: DataRules): readonly { class: DataClass; kind: BuiltDetector }[] {
  if (typeof leaf.value === 'string') return detectClasses(leaf.value, rules, leaf.name)
  if (!isCardNumber(leaf.value)) return []
  return classesOfDetector(rules, 'card').map((dataClass) => ({ class: dataClass, kind: 'card' }))
}

/** A key as it stands in a path: escaped, and without what a detector finds in it. */
function pathSegment(key: string): string {
  // Most keys are short names in which nothing can stand.
  const shown = key.length < 6 || plainKey.test(key) ? key : hidden(key)
  return shown.includes('~') || shown.includes('/') ? shown.replaceAll('~', '~0').replaceAll('/', '~1') : shown
}

const plainKey = /^[A-Za-z_]{1,32}$/

function hidden(key: string): string {
  const [first] = detect(key, builtDetectors)
  return first === undefined ? key : `[redacted:${first.kind}]`
}

export function tooDeep(): AirworthyError {
  return new AirworthyError({
    code: 'JSON_INVALID',
    message: `The JSON is nested deeper than ${jsonDepthMax} levels.`,
    mend: 'Send well-formed JSON within the limits.',
  })
}
