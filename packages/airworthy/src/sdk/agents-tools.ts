/**
 * The function tools of an OpenAI Agents program, governed. It knows their shape alone (`invoke`, `needsApproval`), so it needs no
 * dependency, and any SDK with that shape will do.
 */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { Answer } from './answer.ts'
import { governedCalls } from './governed-calls.ts'
import { ConfirmationRequired, Denied } from './refusals.ts'
import type { Task } from './task.ts'

/** The part of a function tool that matters here. */
export interface AgentsTool {
  readonly type: 'function'
  readonly name: string
  readonly invoke: (context: never, input: string, details?: never) => Promise<unknown>
  readonly needsApproval: (context: never, input: never, callId?: string) => Promise<boolean>
}

/**
 * The same tools, each behind the guard. A held action interrupts the run as that SDK does it; approving there only goes on
 * waiting. A refusal is the tool's result, so that the model reads the reasons and what it may do next.
 * @param options waitMs: how long a held call waits for its person when it is resumed; 0 (the default): not at all
 */
export function governAgentsTools<Tool extends AgentsTool>(
  task: Task,
  tools: readonly Tool[],
  options: { readonly waitMs?: number } = {},
): Tool[] {
  const calls = governedCalls(task, options.waitMs ?? 0)
  return tools.map((tool) => {
    const invoke = async (context: unknown, input: string, details?: unknown): Promise<unknown> => {
      const args = parsed(tool.name, input)
      try {
        return await calls.run(tool.name, args, callIdOf(details), (sent) =>
          tool.invoke(context as never, JSON.stringify(sent), details as never),
        )
      } catch (error) {
        if (error instanceof Denied || error instanceof ConfirmationRequired) return refusal(error.answer)
        throw error
      }
    }
    const needsApproval = async (_context: unknown, input: unknown, callId?: string): Promise<boolean> => {
      // Without an id the call could not be found again, so it is left to `invoke`, which asks the guard all the same.
      if (callId === undefined || !isJsonObject(input)) return false
      return (await calls.ask(tool.name, input, callId)).state === 'held'
    }
    return { ...tool, invoke, needsApproval }
  })
}

function refusal({ decision, reasons, next, fallback, approval }: Answer): string {
  const kept = reasons.map(({ code, message }) => ({ code, message }))
  return JSON.stringify({ decision, reasons: kept, next, fallback, approval: approval?.id })
}

function callIdOf(details: unknown): string {
  const call = isRecord(details) ? details.toolCall : undefined
  const id = isRecord(call) ? call.callId : undefined
  // A key of its own: the call is then never sent twice, and never taken for another.
  return typeof id === 'string' && id !== '' ? id : crypto.randomUUID()
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function parsed(name: string, input: string): JsonObject {
  try {
    const value: unknown = valueOfJson(input)
    if (isJsonObject(value)) return value
  } catch {
    // Said below.
  }
  throw new AirworthyError({
    code: 'REQUEST_INVALID',
    message: `The arguments of ${name} are no JSON object.`,
    mend: 'Let the model try again.',
  })
}
