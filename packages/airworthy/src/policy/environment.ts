/** What a policy may look at: the request, its context and the entities. Immutable for the time of one decision. */
import type { EntityUid, RecordValue, Value } from './value.ts'

export interface Environment {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: RecordValue
  readonly entities: EntityLookup
}

/** A compiled expression; throws EvaluationError. */
export type Evaluate = (environment: Environment) => Value
/** A compiled expression that yields a boolean or throws EvaluationError. */
export type Test = (environment: Environment) => boolean

/** An operand; `constant` is its value where it is a literal. */
export interface Operand {
  readonly evaluate: Evaluate
  readonly constant: Value | undefined
}

export interface EntityLookup {
  /** Undefined when no such entity is known; Cedar's operators tell that from an entity without attributes. */
  get(uid: EntityUid): EntityData | undefined
}

export interface EntityData {
  readonly attributes: RecordValue
  readonly tags: ReadonlyMap<string, Value>
  /** Keys (`EntityUid.key`) of all entities above it, itself not included. */
  readonly ancestors: ReadonlySet<string>
}

/** Cedar's `in` for two entities: equal, or `outer` is above `inner`. */
export function isWithin(inner: EntityUid, outer: EntityUid, entities: EntityLookup): boolean {
  if (inner.id === outer.id && inner.type === outer.type) return true
  const data = entities.get(inner)
  return data !== undefined && data.ancestors.size > 0 && data.ancestors.has(outer.key)
}
