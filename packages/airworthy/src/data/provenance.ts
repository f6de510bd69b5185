/**
 * Provenance by exact value, per task: which argument's value first appeared in untrusted content. A source is remembered by
 * keyed fingerprints alone, so a task's facts hold no text of anybody.
 */
import { type DataClass, dataClasses } from '../core/action.ts'
import { sha256Hex } from '../core/hash.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { overflowValue, valuesOf } from './tracked-values.ts'
import { walkLeaves } from './walk.ts'

/** What one source was seen to hold; the guard's `source` fact has this shape. */
export interface SourceValues {
  readonly trusted: boolean
  /** Data classes that the source carries, where it says so. */
  readonly classes?: readonly DataClass[]
  /** Fingerprints of its values. */
  readonly values: readonly string[]
}

/** Where each value first appeared. Extended in place by `addFact`. */
export interface ProvenanceIndex {
  readonly origins: Map<string, Origin>
  /** True after an untrusted source that had more values than are remembered. */
  floodedByUntrusted: boolean
  /** False until an untrusted source or a class is known: then there is nothing to look up. */
  hasUntrusted: boolean
  hasClasses: boolean
}

interface Origin {
  /** Of the source that came first. */
  readonly trusted: boolean
  /** Of every source that held it. */
  classes: readonly DataClass[]
}

export function emptyProvenance(): ProvenanceIndex {
  return { origins: new Map(), floodedByUntrusted: false, hasUntrusted: false, hasClasses: false }
}

/** Adds one source. Sources must come in the order of their facts: the first that holds a value decides its trust. */
export function addFact(index: ProvenanceIndex, source: SourceValues): void {
  if (!source.trusted) index.hasUntrusted = true
  const classes = source.classes ?? []
  if (classes.length > 0) index.hasClasses = true
  for (const fingerprinted of source.values) {
    if (fingerprinted === overflowValue) {
      if (!source.trusted) index.floodedByUntrusted = true
      continue
    }
    const known = index.origins.get(fingerprinted)
    if (known === undefined) index.origins.set(fingerprinted, { trusted: source.trusted, classes })
    else if (classes.length > 0) known.classes = [...new Set([...known.classes, ...classes])]
  }
}

/**
 * A value's keyed fingerprint: the first 64 bits of SHA-256 over key and value, 16 hexadecimal digits. Without the key nobody
 * can try out which values a task has seen. Cut to a quarter, the hash cannot be extended, so it needs no HMAC.
 * @param key  the kit's secret, any text without line feeds, at least 32 characters of randomness.
 */
export function fingerprint(value: string, key: string): string {
  return value === overflowValue ? overflowValue : sha256Hex(`${key}\n${value}`).slice(0, 16)
}

/** Fingerprints of a source's values, as its fact holds them. See `valuesOf` for which values, and for `phrases`. */
export function fingerprintsOf(source: JsonValue, key: string, phrases = false): string[] {
  return valuesOf(source, phrases).map((value) => fingerprint(value, key))
}

/**
 * Arguments whose value, or a value inside it, first appeared in an untrusted source: JSON Pointers (RFC 6901) in document order.
 * A key that holds such a value is reported as its member. After a flood (see `overflowValue`) every value that no trusted source
 * named is reported. Cost grows with the arguments, not with the facts. @throws JSON_INVALID beyond 64 levels. Pure.
 */
export function untrustedPaths(args: JsonObject, index: ProvenanceIndex, key: string): string[] {
  if (!index.hasUntrusted) return []
  const paths = new Set<string>()
  walkLeaves(args, (leaf) => {
    const isUntrusted = (value: string): boolean => {
      const origin = value === overflowValue ? undefined : index.origins.get(fingerprint(value, key))
      return origin === undefined ? index.floodedByUntrusted : !origin.trusted
    }
    if (leafValues(leaf).some(isUntrusted)) paths.add(leaf.path)
  })
  return [...paths]
}

/** Data classes that arguments carry because a source that held one of their values carries them, in the order of `dataClasses`. */
export function classesFromSources(args: JsonObject, index: ProvenanceIndex, key: string): DataClass[] {
  if (!index.hasClasses) return []
  const classes = new Set<DataClass>()
  walkLeaves(args, (leaf) => {
    for (const value of leafValues(leaf)) {
      for (const dataClass of index.origins.get(fingerprint(value, key))?.classes ?? []) classes.add(dataClass)
    }
  })
  return dataClasses.filter((dataClass) => classes.has(dataClass))
}

/** A key is looked at as a key: its name alone is nobody's value. */
function leafValues({
  value,
  of,
}: {
  readonly value: string | number
  readonly of: 'value' | 'key'
}): readonly string[] {
  if (of === 'value') return valuesOf(value)
  return plainKey.test(`${value}`) ? [] : valuesOf({ [`${value}`]: null })
}

/** Most keys are names in which no address and no id can stand. */
const plainKey = /^[A-Za-z_-]{1,64}$/
