/**
 * Cedar values at run time. Booleans and strings are JavaScript's own; a Long is a number while it is a safe integer and a
 * bigint beyond (never both for one value, so `===` compares); a record is an object from `newRecord`, and an attribute
 * that it lacks reads as `undefined`, whatever its name; everything else is a class of ours that extends `CedarObject`.
 */

export type Long = number | bigint
export type Value = boolean | string | Long | RecordValue | CedarObject
export interface RecordValue {
  readonly [attribute: string]: Value
}

/** Unlike `Object.create(null)`, what this makes keeps V8's fast layout; it inherits nothing at all, `__proto__` included. */
const RecordShell = function RecordShell() {} as unknown as new () => Record<string, Value>
RecordShell.prototype = Object.freeze(Object.create(null))

/** An empty record to be filled: the only way to make one, so that no name of `Object.prototype` is ever taken for an attribute. */
export function newRecord(): Record<string, Value> {
  return new RecordShell()
}

/** What is an object in JavaScript but not a Cedar record. */
export abstract class CedarObject {
  /** A text equal for equal values and different for different ones of the same class. */
  abstract readonly key: string
  /** The Cedar type's name, for messages. */
  abstract readonly typeName: string
}

export class EntityUid extends CedarObject {
  readonly typeName = 'entity'
  readonly type: string
  readonly id: string
  private joined: string | undefined

  constructor(type: string, id: string) {
    super()
    this.type = type
    this.id = id
  }

  /** Type names hold no line feed, so the joint is unambiguous. */
  get key(): string {
    this.joined ??= `${this.type}\n${this.id}`
    return this.joined
  }
}

/** Below this size a scan is cheaper than an index. */
const scanSizeMax = 8

/** A set; its items may repeat (membership and equality do not notice). */
export class CedarSet extends CedarObject {
  readonly typeName = 'set'
  readonly items: readonly Value[]
  private index: ReadonlySet<unknown> | undefined

  constructor(items: readonly Value[]) {
    super()
    this.items = items
  }

  has(value: Value): boolean {
    if (this.items.length > scanSizeMax) {
      this.index ??= new Set(this.items.map(memberKey))
      return this.index.has(memberKey(value))
    }
    for (const item of this.items) if (equals(item, value)) return true
    return false
  }

  hasAll(other: CedarSet): boolean {
    for (const item of other.items) if (!this.has(item)) return false
    return true
  }

  hasAny(other: CedarSet): boolean {
    for (const item of other.items) if (this.has(item)) return true
    return false
  }

  get key(): string {
    const keys = new Set(this.items.map(structuralKey))
    return `[${[...keys].sort().join(',')}]`
  }
}

/** Cedar's `==`: total, false for values of different types. */
export function equals(left: Value, right: Value): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (left instanceof CedarObject) {
    if (!(right instanceof CedarObject) || left.constructor !== right.constructor) return false
    if (left instanceof EntityUid) return left.id === (right as EntityUid).id && left.type === (right as EntityUid).type
    if (left instanceof CedarSet) return left.hasAll(right as CedarSet) && (right as CedarSet).hasAll(left)
    return left.key === right.key
  }
  if (right instanceof CedarObject) return false
  const names = Object.keys(left)
  if (names.length !== Object.keys(right).length) return false
  return names.every((name) => right[name] !== undefined && equals(left[name] as Value, right[name]))
}

export function isRecord(value: Value): value is RecordValue {
  return typeof value === 'object' && !(value instanceof CedarObject)
}

/** The Cedar type's name, for messages. */
export function typeNameOf(value: Value): string {
  if (typeof value === 'object') return value instanceof CedarObject ? value.typeName : 'record'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'long'
}

/** Primitives stand for themselves; an object's key is wrapped so that no string equals it. */
function memberKey(value: Value): unknown {
  return typeof value === 'object' ? `\n${structuralKey(value)}` : typeof value === 'string' ? ` ${value}` : value
}

function structuralKey(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  if (value instanceof CedarObject) return `${value.typeName}(${JSON.stringify(value.key)})`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${structuralKey(value[name] as Value)}`).join(',')}}`
}
