/** Leaves out, for one tool, the policies that its argument types already decide: an unscoped forbid on another tool's argument. */
import { type AttributeBody, conjunctsOf, type Expression, type HasBody, partsOf } from './expression.ts'
import type { PolicyJson } from './policy-json.ts'
import type { RecordType, SchemaType } from './schema.ts'

/**
 * True when the policy is unsatisfied, without an error, whatever the request: its conditions begin with `context.args has
 * ...` tests, and one of these asks for what arguments of this type never have. Sound because the record of arguments is
 * made from the type alone (`read-arguments.ts`); tests behind anything that could err are not looked at.
 */
export function canNeverHold({ conditions }: PolicyJson, args: RecordType): boolean {
  for (const { kind, body } of conditions) {
    if (kind !== 'when') return false
    for (const conjunct of conjunctsOf(body)) {
      const answer = testOf(conjunct, args)
      if (answer !== 'open') return answer === 'false'
    }
  }
  return false
}

/** `open`: may be true or false but never errs; `other`: nothing is known. */
function testOf(expression: Expression, args: RecordType): 'false' | 'open' | 'other' {
  const [operator, body] = partsOf(expression)
  if (operator !== 'has' || !isArguments((body as HasBody).left)) return 'other'
  const { attr } = body as HasBody
  let type: SchemaType = args
  for (const name of typeof attr === 'string' ? [attr] : attr) {
    // `has` on what is no record errs at run time.
    if (type.kind !== 'record') return 'other'
    const attribute: { type: SchemaType } | undefined = type.attributes.get(name)
    if (attribute === undefined) return 'false'
    type = attribute.type
  }
  return 'open'
}

function isArguments(expression: Expression): boolean {
  const [operator, body] = partsOf(expression)
  if (operator !== '.' || (body as AttributeBody).attr !== 'args') return false
  const [inner, variable] = partsOf((body as AttributeBody).left)
  return inner === 'Var' && variable === 'context'
}
