/** A call that the model wants to make, and whether it was made already. */
import { isDeepStrictEqual } from 'node:util'
import type { Tool } from './tools.ts'

export interface Call {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Never the same call twice: what it brought is known. */
export function canCall(call: Call, done: readonly Call[]): boolean {
  return !done.some((one) => one.tool === call.tool && isDeepStrictEqual(one.arguments, call.arguments))
}

/**
 * Whether a past call did what this one would do: the same tool with the same arguments, wording apart. Texts that the model
 * writes itself differ with what it has learned meanwhile.
 */
export function doesTheSame(past: Call, call: Call, tool: Tool): boolean {
  if (past.tool !== call.tool) return false
  const worded = new Set(
    tool.parameters.filter(({ role }) => ['text', 'subject', 'reason'].includes(role.is)).map(({ name }) => name),
  )
  const kept = (args: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(args).filter(([name]) => !worded.has(name)))
  return isDeepStrictEqual(kept(past.arguments), kept(call.arguments))
}
