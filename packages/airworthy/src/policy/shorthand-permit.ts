/** The manifest's `permit: { role: [support] }` as Cedar text. */
import type { AttributeKind } from './policy-schema.ts'

export interface ShorthandOptions {
  /** Adds `@confirm("<role>")`: a person with that role must confirm each action that this permit allows. */
  readonly confirmRole?: string
  /** The declared kinds of the principal's attributes; one that is not named here is taken for a string. */
  readonly attributes?: Readonly<Record<string, AttributeKind>>
}

/**
 * Cedar text of one permit for one tool. Every named attribute must have one of its values (a list attribute at least one);
 * an attribute that the principal lacks is no match. `{}` or `true` permits every principal of the task.
 * Values become string literals whatever they hold; for integer and boolean attributes they must read as such (a value that
 * does not becomes a string, which the validator then refuses at load).
 */
export function shorthandPermit(
  tool: string,
  permit: true | Readonly<Record<string, string | readonly string[]>>,
  options: ShorthandOptions = {},
): string {
  const { confirmRole, attributes = {} } = options
  const tests = Object.entries(permit === true ? {} : permit).map(([name, values]) =>
    attributeTest(name, typeof values === 'string' ? [values] : values, attributes[name] ?? 'string'),
  )
  const head = confirmRole === undefined ? '' : `@confirm(${cedarString(confirmRole)})\n`
  const scope = `permit (principal, action == Action::${cedarString(tool)}, resource)`
  return `${head}${scope}${tests.length === 0 ? '' : `\nwhen { ${tests.join(' && ')} }`};`
}

/** A Cedar string literal, quotes included. */
export function cedarString(text: string): string {
  // Cedar has no \b, \f or \uXXXX: control characters and what could end the literal become \u{...}.
  const escaped = text.replace(/["\\\u0000-\u001f\u007f\u2028\u2029]/gu, (character) =>
    character === '"' || character === '\\' ? `\\${character}` : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
  return `"${escaped}"`
}

function attributeTest(name: string, values: readonly string[], kind: AttributeKind): string {
  const attribute = `principal[${cedarString(name)}]`
  const list = `[${values.map((value) => literal(value, kind)).join(', ')}]`
  const test = kind === 'strings' ? `${attribute}.containsAny(${list})` : `${list}.contains(${attribute})`
  // An empty list has no type in Cedar, and permits nobody.
  if (values.length === 0) return 'false'
  return `principal has ${cedarString(name)} && ${test}`
}

function literal(value: string, kind: AttributeKind): string {
  if (kind === 'integer' && /^-?\d{1,19}$/.test(value)) return value
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value
  if (kind === 'number') return `decimal(${cedarString(value.includes('.') ? value : `${value}.0`)})`
  return cedarString(value)
}
