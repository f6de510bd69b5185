/** Runs a tool that the guard has let through, once, and tells the kit what became of it. */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { Answer } from './answer.ts'
import { ConfirmationRequired, Denied, OutcomeInDoubt, ToolFailed } from './refusals.ts'
import type { Report, TaskDoor } from './task.ts'

/** The arguments as they must be sent, and what goes with the call. */
export type Execute<Result> = (args: JsonObject, run: Run) => Result | Promise<Result>

export interface Run {
  /** Action id; the tool's own service may use it as idempotency key. */
  readonly action: string
  /** For the header `Airworthy-Permit` of a call to the tool's service; absent where the kit has permits off. */
  readonly permit: string | undefined
  readonly signal: AbortSignal | undefined
}

/** What the kit takes in one request, with room for the rest of it. */
const reportBytesMax = 1_000_000

/** @throws Denied, ConfirmationRequired, OutcomeInDoubt, ToolFailed; and what `execute` throws */
export async function runTool<Result>(
  door: Pick<TaskDoor, 'report'>,
  tool: string,
  answer: Answer,
  execute: Execute<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const { action, state } = answer
  if (state === 'succeeded') return unwrapped(answer.result) as Result
  if (state === 'failed') throw new ToolFailed(tool, answer)
  if (state === 'held') throw new ConfirmationRequired(tool, answer)
  if (state === 'denied' || action === undefined) throw new Denied(tool, answer)
  // `wait` on an intended action: it was given out before, to a caller that may be running it now or may have died over it.
  if (state === 'ambiguous' || answer.next === 'wait') {
    throw new OutcomeInDoubt(`${tool} was begun before, and its outcome is not known.`, { answer })
  }
  let result: Result
  try {
    result = await execute(answer.arguments, { action, permit: answer.permit, signal })
  } catch (error) {
    // Only the kind of error is reported: its message may hold what the tool was given.
    if (!(error instanceof OutcomeInDoubt)) await reported(door, action, { state: 'failed', error: kindOf(error) })
    throw error
  }
  const wrapped = wrap(result)
  if (wrapped === undefined) {
    await door.report(action, { state: 'succeeded' })
    throw new AirworthyError({
      code: 'REQUEST_INVALID',
      message: `${tool} ran, but its result is no JSON or larger than ${reportBytesMax} bytes, so it could not be labelled and is withheld.`,
      mend: 'Return less, and only JSON.',
    })
  }
  const settled = await door.report(action, { state: 'succeeded', result: wrapped })
  return unwrapped(settled.result) as Result
}

/** The tool's own error is what the caller must see, whatever becomes of the report. */
async function reported(door: Pick<TaskDoor, 'report'>, action: string, report: Report): Promise<void> {
  try {
    await door.report(action, report)
  } catch {
    // Not told: the kit will find the action open, and treat it as in doubt.
  }
}

/** Any value travels as `structuredContent: {value}`, so that the kit labels it like the result of an MCP tool. */
function wrap(result: unknown): JsonObject | undefined {
  let text: string
  try {
    text = JSON.stringify({ structuredContent: { value: result ?? null } })
  } catch {
    return undefined
  }
  return new TextEncoder().encode(text).length > reportBytesMax ? undefined : (valueOfJson(text) as JsonObject)
}

function unwrapped(result: JsonObject | undefined): JsonValue | undefined {
  const structured = result?.structuredContent
  if (!isJsonObject(structured)) return result
  return Object.hasOwn(structured, 'value') && Object.keys(structured).length === 1 ? structured.value : structured
}

function kindOf(error: unknown): string {
  return `The tool threw ${error instanceof Error ? error.name.slice(0, 64) : 'something that is no error'}.`
}
