/** Cedar text to compiled sets: every policy is parsed by itself, so one report names every fault. */
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs'
import type { Fault } from '../core/errors.ts'
import { throwFaults } from '../core/errors.ts'
import { withCedar } from './cedar-engine.ts'
import type { Expression } from './expression.ts'
import { partsOf } from './expression.ts'
import { extensionFunctions } from './extension-functions.ts'
import { operandNames } from './mentions.ts'
import { type CompiledPolicies, compiledFormat, type PolicyJson } from './policy-json.ts'
import { type PolicyPiece, placeOfByte, splitPolicies, withStandIns } from './source-text.ts'

/** One file of policies. */
export interface PolicySource {
  /** As people know it; it stands in front of the line in every message. */
  readonly file: string
  readonly text: string
  /** The 1-based line of `file` on which `text` begins; 1 when left out. */
  readonly line?: number
}

/** Of all texts together, in UTF-16 units: 1,000 long policies fit many times, and Cedar's parser stays within a few seconds. */
export const policyTextLengthMax = 4 * 1024 * 1024
/** Brackets in brackets; Cedar's engine gives up at about 120. */
const policyNestingMax = 64
/** Operators over operators, chains of one operator not counted. */
const expressionDepthMax = 512

/**
 * Compiles Cedar policies. Ids are `policy<n>`, counted from 0 in the order of the text, across files.
 * The result is plain JSON: keep it with `serialiseCompiled`, get it back with `reviveCompiled`.
 * @throws POLICY_INVALID with every fault found: file, line, column, why, how to mend it. Templates are refused.
 */
export function compilePolicies(policies: string | readonly PolicySource[]): CompiledPolicies {
  const { compiled, faults } = parsePolicies(policies)
  throwFaults(faults)
  return compiled
}

/** As `compilePolicies`, with the faults as a list beside the policies that could be read. */
export function parsePolicies(input: string | readonly PolicySource[]): {
  compiled: CompiledPolicies
  faults: readonly Fault[]
} {
  const sources = typeof input === 'string' ? [{ file: '', text: input }] : input
  const length = sources.reduce((sum, { text }) => sum + text.length, 0)
  if (length > policyTextLengthMax) {
    const message = `The policies have ${length} characters; the limit is ${policyTextLengthMax}.`
    const tooLong: Fault = { code: 'POLICY_INVALID', message, mend: 'Write fewer or shorter policies.' }
    return { compiled: { format: compiledFormat, policies: [] }, faults: [tooLong] }
  }
  const policies: PolicyJson[] = []
  const faults: Fault[] = []
  let index = 0
  for (const source of sources) {
    for (const piece of splitPolicies(source.text)) {
      const placed = { ...piece, line: piece.line + (source.line ?? 1) - 1 }
      const parsed = parsePolicy(placed, source.file, `policy${index++}`)
      if ('code' in parsed) faults.push(parsed)
      else policies.push(parsed)
    }
  }
  return { compiled: { format: compiledFormat, policies }, faults }
}

/** A fault from what Cedar says about one policy. */
export function faultOf(error: DetailedError, piece: PolicyPiece, file: string): Fault {
  const start = error.sourceLocations?.[0]?.start
  const label = error.sourceLocations?.[0]?.label
  const message = error.message.replace(/^failed to parse polic(y|ies) from string: /, '')
  const mend = error.help ?? label ?? 'Correct the policy.'
  return {
    code: 'POLICY_INVALID',
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/\.\.$/, '.'),
    mend: `${mend.charAt(0).toUpperCase()}${mend.slice(1)}.`.replace(/\.\.$/, '.'),
    ...(file === '' ? {} : { file }),
    ...(start === undefined ? { line: piece.line, column: piece.column } : placeOfByte(piece, start)),
  }
}

/** The place of a policy for Cedar's byte offsets. */
export function pieceOf(policy: PolicyJson): PolicyPiece {
  return { text: policy.text, offset: 0, line: policy.line, column: policy.column, depth: 0, integers: [] }
}

function parsePolicy(piece: PolicyPiece, file: string, id: string): PolicyJson | Fault {
  const refuse = (message: string, mend: string): Fault => faultOf({ ...noDetail, message, help: mend }, piece, file)
  if (piece.depth > policyNestingMax) {
    return refuse(`the policy nests brackets deeper than ${policyNestingMax}`, 'split it into simpler policies')
  }
  if (!piece.text.isWellFormed()) return refuse('the policy holds a lone surrogate', 'write well-formed Unicode')
  const { text, standIns } = withStandIns(piece)
  const answer = withCedar((cedar) => cedar.policyToJson(text))
  if (answer === undefined) return refuse('the policy is nested too deeply', 'split it into simpler policies')
  if (answer.type === 'failure') return faultOf(answer.errors[0] as DetailedError, piece, file)
  const { json } = answer
  const unknownFunction = { name: '' }
  const body = restoreConditions(json.conditions as unknown as PolicyJson['conditions'], standIns, unknownFunction)
  if (body === undefined) return refuse('the policy is nested too deeply', 'split it into simpler policies')
  if (unknownFunction.name !== '') {
    return refuse(`\`${unknownFunction.name}\` is not a function that policies may call`, 'remove the call')
  }
  const annotations = Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? ''] as const)
  return {
    id,
    effect: json.effect,
    principal: json.principal as PolicyJson['principal'],
    action: json.action as PolicyJson['action'],
    resource: json.resource as PolicyJson['resource'],
    conditions: body,
    annotations: Object.fromEntries(annotations),
    file,
    line: piece.line,
    column: piece.column,
    text: piece.text,
  }
}

const noDetail = { code: null, url: null, severity: null, help: null } as const

/** Conditions with the true integers back in place; undefined when deeper than the limit. */
function restoreConditions(
  conditions: PolicyJson['conditions'],
  standIns: ReadonlyMap<number, string>,
  unknownFunction: { name: string },
): PolicyJson['conditions'] | undefined {
  let tooDeep = false
  const restore = (expression: Expression, depth: number): Expression => {
    if (depth > expressionDepthMax) {
      tooDeep = true
      return expression
    }
    const [operator, body] = partsOf(expression)
    if (operator === 'Value') return typeof body === 'number' ? restoreInteger(body, standIns) : expression
    if (Array.isArray(body)) {
      if (operator !== 'Set' && !extensionFunctions.has(operator)) unknownFunction.name = operator
      return { [operator]: body.map((item) => restore(item, depth + 1)) }
    }
    if (typeof body !== 'object') return expression
    const members = Object.entries(body).map(([name, member]) => {
      if (operator !== 'Record' && !operandNames.has(name)) return [name, member] as const
      // The left side of a chain of `&&`, `||` or `.` is compiled flat, so it does not count.
      const inChain = name === 'left' && operator in chained && operator in (member as object)
      return [name, restore(member as Expression, inChain ? depth : depth + 1)] as const
    })
    return { [operator]: Object.fromEntries(members) } as Expression
  }
  try {
    const restored = conditions.map(({ kind, body }) => ({ kind, body: restore(body, 0) }))
    return tooDeep ? undefined : restored
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const chained = { '&&': true, '||': true, '.': true }

function restoreInteger(value: number, standIns: ReadonlyMap<number, string>): Expression {
  const digits = standIns.get(Math.abs(value))
  if (digits !== undefined) return { Long: value < 0 ? `-${digits}` : digits }
  return Number.isSafeInteger(value) ? { Value: value } : { Long: BigInt(value).toString() }
}
