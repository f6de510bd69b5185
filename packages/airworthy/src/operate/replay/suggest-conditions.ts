/**
 * The narrowest conditions that a tool's observed calls all meet: who asked, which values, how much, from where. Each carries the count
 * of calls that it rests on; what too few calls show is not claimed.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveManifest, EffectiveTool } from '../../core/manifest/effective.ts'
import { printable } from '../../core/printable.ts'
import { argumentsTypeOf } from '../../policy/policy-schema.ts'
import { cedarString } from '../../policy/shorthand-permit.ts'
import type { ObservedCall } from './observe-calls.ts'

export interface SuggestedCondition {
  /** A Cedar expression of type Bool. */
  readonly cedar: string
  /** Calls that showed it. */
  readonly calls: number
}

/** More different values than this are no enumeration. */
const valuesMax = 5
/** Each value of an enumeration is to have come this often on average, else tomorrow brings another. */
const callsPerValueMin = 3
/** A rule about one argument needs at least as many calls. */
const callsMin = 5
const valueLengthMax = 64

/** All of them hold for every one of the calls. Pure. */
export function suggestConditions(
  manifest: EffectiveManifest,
  tool: EffectiveTool,
  calls: readonly ObservedCall[],
): SuggestedCondition[] {
  return [
    ...principalConditions(manifest, calls),
    ...argumentConditions(manifest, tool, calls),
    ...originConditions(tool, calls),
  ]
}

/** An attribute that several principals share, or that is the same for all: a role, not a name. */
function principalConditions(manifest: EffectiveManifest, calls: readonly ObservedCall[]): SuggestedCondition[] {
  const principals = new Set(calls.map(({ principal }) => principal.id)).size
  return textAttributes(manifest).flatMap((name) => {
    const values = distinctTexts(calls.map(({ principal }) => principal.attributes[name]))
    if (values === undefined || values.length > valuesMax) return []
    const isShared = principals > values.length || (values.length === 1 && calls[0]?.principal.id !== values[0])
    if (!isShared) return []
    const attribute = `principal[${cedarString(name)}]`
    return [{ cedar: `principal has ${cedarString(name)} && ${oneOf(attribute, values)}`, calls: calls.length }]
  })
}

function textAttributes({ principal }: EffectiveManifest): readonly string[] {
  return Object.entries(principal.attributes)
    .filter(([, kind]) => kind === 'string')
    .map(([name]) => name)
    .sort()
}

function argumentConditions(
  manifest: EffectiveManifest,
  tool: EffectiveTool,
  calls: readonly ObservedCall[],
): SuggestedCondition[] {
  const { type } = argumentsTypeOf({ name: tool.name, inputSchema: tool.inputSchema })
  // What the guard itself sets is the principal's own whatever was recorded.
  const filtered = manifest.retrieval[tool.name]?.acl?.argument
  return [...type.attributes].flatMap(([name, { type: argumentType, required }]) => {
    if (name === filtered) return []
    const given = calls.filter(({ arguments: args }) => Object.hasOwn(args, name))
    const has = `context.args has ${cedarString(name)}`
    if (given.length === 0) {
      return required || calls.length < callsMin ? [] : [{ cedar: `!(${has})`, calls: calls.length }]
    }
    const test = valueTest(manifest, tool, name, argumentType.kind, given)
    if (test === undefined) return []
    if (required) return [{ cedar: test, calls: given.length }]
    const isAlways = given.length === calls.length
    return [{ cedar: isAlways ? `(${has} && ${test})` : `(if ${has} then ${test} else true)`, calls: given.length }]
  })
}

function valueTest(
  manifest: EffectiveManifest,
  tool: EffectiveTool,
  name: string,
  kind: string,
  given: readonly ObservedCall[],
): string | undefined {
  if (given.length < callsMin) return undefined
  const argument = `context.args[${cedarString(name)}]`
  const values = given.map(({ arguments: args }) => args[name])
  switch (kind) {
    case 'string':
      return equalityTest(manifest, argument, name, given) ?? enumerationTest(tool, argument, name, given)
    case 'long': {
      const numbers = values.filter((value) => Number.isSafeInteger(value)) as number[]
      return numbers.length === values.length ? `${argument} <= ${maximumOf(numbers)}` : undefined
    }
    case 'decimal': {
      const numbers = values.filter((value) => typeof value === 'number') as number[]
      if (numbers.length !== values.length) return undefined
      return `${argument}.lessThanOrEqual(decimal("${maximumOf(numbers).toFixed(4)}"))`
    }
    case 'bool':
      return new Set(values).size === 1 ? `${argument} == ${values[0] === true}` : undefined
    default:
      return undefined
  }
}

function maximumOf(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), Number.NEGATIVE_INFINITY)
}

/** Always the principal's own: its account, its tenant. One principal alone shows nothing. */
function equalityTest(
  manifest: EffectiveManifest,
  argument: string,
  name: string,
  given: readonly ObservedCall[],
): string | undefined {
  const equal = textAttributes(manifest).find((attribute) =>
    given.every(({ arguments: args, principal }) => {
      const own = principal.attributes[attribute]
      return typeof own === 'string' && args[name] === own
    }),
  )
  if (equal === undefined || new Set(given.map(({ arguments: args }) => args[name])).size < 2) return undefined
  return `principal has ${cedarString(equal)} && ${argument} == principal[${cedarString(equal)}]`
}

function enumerationTest(
  tool: EffectiveTool,
  argument: string,
  name: string,
  given: readonly ObservedCall[],
): string | undefined {
  // A list that somebody else's text could add to is no list to allow.
  if (given.some(({ untrusted }) => untrusted.includes(pointerOf(name)))) return undefined
  const values = distinctTexts(given.map(({ arguments: args }) => args[name]))
  if (values === undefined || values.length > valuesMax || given.length < values.length * callsPerValueMin)
    return undefined
  return values.length >= schemaEnumSize(tool.inputSchema, name) ? undefined : oneOf(argument, values)
}

/** How many values the schema allows anyway. */
function schemaEnumSize(schema: JsonObject, name: string): number {
  const property = ((schema.properties ?? {}) as Readonly<Record<string, JsonObject | undefined>>)[name]
  const { enum: allowed } = (property ?? {}) as { readonly enum?: JsonValue }
  return Array.isArray(allowed) ? allowed.length : Number.POSITIVE_INFINITY
}

/** Sorted; undefined where one is no text, too long to read, or would not show what it is. */
function distinctTexts(values: readonly (JsonValue | undefined)[]): string[] | undefined {
  const texts = new Set<string>()
  for (const value of values) {
    if (typeof value !== 'string' || value.length > valueLengthMax || printable(value) !== value) return undefined
    texts.add(value)
  }
  return [...texts].sort()
}

function oneOf(expression: string, values: readonly string[]): string {
  const [only] = values
  if (values.length === 1 && only !== undefined) return `${expression} == ${cedarString(only)}`
  return `[${values.map(cedarString).join(', ')}].contains(${expression})`
}

/** What changes something or leaves the house took no value from untrusted text so far, or not where it says to whom. */
function originConditions(tool: EffectiveTool, calls: readonly ObservedCall[]): SuggestedCondition[] {
  if (tool.effect === 'read' && tool.reach === 'internal') return []
  if (calls.every(({ untrusted }) => untrusted.length === 0)) {
    return [{ cedar: 'context.untrusted.isEmpty()', calls: calls.length }]
  }
  return tool.destinations
    .map(pointerOf)
    .filter((pointer) => !calls.some(({ untrusted }) => untrusted.some((path) => path === pointer)))
    .map((pointer) => ({ cedar: `!context.untrusted.contains(${cedarString(pointer)})`, calls: calls.length }))
}

function pointerOf(name: string): string {
  return name.startsWith('/') ? name : `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
