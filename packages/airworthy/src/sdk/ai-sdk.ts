/** `airworthy/ai-sdk`: the tools of an AI SDK 7 program, governed. Types of `ai` only; nothing of it is loaded. */
import type { ToolApprovalStatus, ToolSet } from 'ai'
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import { governedCalls } from './governed-calls.ts'
import { sentences } from './refusals.ts'
import type { Task } from './task.ts'

export interface GovernToolsOptions {
  /** How long a held call waits for its person when the program goes on after an approval request; 0 (the default): not at all. */
  readonly waitMs?: number
}

export interface GovernedTools<Tools extends ToolSet> {
  readonly tools: Tools
  /**
   * For `generateText`, `streamText` and `ToolLoopAgent`. A held action becomes an approval request of the SDK, a denied one a
   * denial; an approval response in the messages only makes the program ask the kit again.
   */
  readonly toolApproval: (question: ApprovalQuestion) => Promise<ToolApprovalStatus>
}

interface ApprovalQuestion {
  readonly toolCall: { readonly toolName: string; readonly toolCallId: string; readonly input: unknown }
}

/**
 * Governs each tool: the guard is asked before it runs, it runs with the arguments as they must be sent, its outcome is reported, and
 * the model sees what it may see. Names are those of the manifest.
 * @throws USAGE_INVALID for a tool without `execute`, which nothing here could hold back
 * @example generateText({ model, prompt, ...governTools(task, { add_note }) })
 */
export function governTools<Tools extends ToolSet>(
  task: Task,
  tools: Tools,
  options: GovernToolsOptions = {},
): GovernedTools<Tools> {
  const calls = governedCalls(task, options.waitMs ?? 0)
  const governed = Object.entries(tools).map(([name, tool]) => {
    const { execute } = tool
    if (execute === undefined) throw withoutExecute(name)
    const run = (input: unknown, given: Parameters<typeof execute>[1]): Promise<unknown> =>
      calls.run(
        name,
        argumentsOf(name, input),
        given.toolCallId,
        async (args) => lastOf(await execute(args as never, given)),
        given.abortSignal,
      )
    return [name, { ...tool, execute: run }]
  })
  return {
    tools: Object.fromEntries(governed) as Tools,
    async toolApproval({ toolCall }) {
      const { toolName, toolCallId, input } = toolCall
      if (!Object.hasOwn(tools, toolName) || !isJsonObject(input)) return undefined
      const answer = await calls.ask(toolName, input, toolCallId)
      switch (answer.state) {
        case 'held':
          return { type: 'user-approval', reason: approvalReason(answer.approval) }
        case 'denied':
          return { type: 'denied', reason: sentences(answer) }
        default:
          return undefined
      }
    },
  }
}

function approvalReason(approval: { readonly summary: string; readonly url?: string | undefined } | undefined): string {
  if (approval === undefined) return 'CONFIRMATION REQUIRED'
  const where = approval.url === undefined ? '' : `\nDecide at ${approval.url}`
  return `CONFIRMATION REQUIRED. Approving here only goes on waiting; a person decides with the kit.\n${approval.summary}${where}`
}

/** A tool that streams is done with its last value. */
async function lastOf(output: unknown): Promise<unknown> {
  if (typeof output !== 'object' || output === null || !(Symbol.asyncIterator in output)) return output
  let last: unknown
  for await (const value of output as AsyncIterable<unknown>) last = value
  return last
}

function argumentsOf(name: string, input: unknown): JsonObject {
  if (isJsonObject(input)) return input
  throw new AirworthyError({
    code: 'REQUEST_INVALID',
    message: `The arguments of ${name} are no object.`,
    mend: 'Give the tool an input schema of type object.',
  })
}

function withoutExecute(name: string): AirworthyError {
  return new AirworthyError({
    code: 'USAGE_INVALID',
    message: `The tool ${name} has no execute, so it would run where nothing can hold it back.`,
    mend: 'Give it an execute, or leave it out of governTools.',
  })
}
