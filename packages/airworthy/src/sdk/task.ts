/** One piece of work for one user, and the governed tools of it. The same over HTTP (connect.ts) and in process (embedded.ts). */
import type { JsonObject } from '../core/json.ts'
import type { Answer } from './answer.ts'
import { type Execute, runTool } from './run-tool.ts'

export type { Execute, Run } from './run-tool.ts'

export interface Task {
  readonly id: string
  /** Opens this task's doors and nothing else; absent without a server. */
  readonly token: string | undefined
  readonly traceId: string
  /** Address of the MCP gateway for this task; absent without a server. */
  readonly mcpUrl: string | undefined

  /**
   * Asks the guard for an action. A tool of a server is executed by the kit; for one that the caller runs, `state: 'intended'` says
   * that it may run now, once, with `arguments` and `permit` of the answer (`task.execute` does that).
   * @returns the answer, a denial too. @throws AirworthyError when the kit cannot be asked (KIT_UNREACHABLE, CREDENTIAL_INVALID, ...)
   */
  act(tool: string, args: JsonObject, options?: ActOptions): Promise<Answer>

  /** Waits for an action at most `waitMs` (default 0), then tells its state. @throws ACTION_UNKNOWN */
  result(action: string, options?: { readonly waitMs?: number; readonly signal?: AbortSignal }): Promise<Answer>

  /**
   * A tool that the caller runs itself, as a function: asks the guard, runs `execute` with the arguments as they must be sent, and
   * reports the outcome, a throw too. It returns what a model may see of the result.
   * @throws Denied, ConfirmationRequired, OutcomeInDoubt, ToolFailed; and what `execute` throws
   */
  tool<Result>(definition: ToolDefinition | string, execute: Execute<Result>): ToolCall<Result>

  /** Runs a tool that `act` has answered, if it may run. For wrappers; `tool` is this and `act` in one. */
  execute<Result>(tool: string, answer: Answer, execute: Execute<Result>, signal?: AbortSignal): Promise<Result>

  /**
   * A retrieval through the guard: `retrieve` receives the query with the access-control argument that the guard has set, whatever
   * the agent sent there. @returns the documents as a model may see them. @throws as `tool`
   */
  retrieve<Result>(
    name: string,
    query: string | JsonObject,
    retrieve: Execute<Result>,
    options?: ActOptions,
  ): Promise<Result>

  /**
   * Asks for a person, in the agent's own words. While one that was asked for before waits, that one is answered.
   * @throws AirworthyError when the kit cannot be asked
   */
  escalate(reason: string): Promise<Escalation>

  /** Waits for a person's answer at most `waitMs` (default 0), then tells how it stands. @throws ESCALATION_UNKNOWN */
  escalation(id: string, options?: { readonly waitMs?: number; readonly signal?: AbortSignal }): Promise<Escalation>

  /**
   * Ends the task; its token opens nothing any more. What is said of it goes into its recording, if it is recorded: `reply`, what the
   * agent said in the end, and `failed`, why it was no success.
   */
  close(said?: TaskEnd): Promise<void>
}

/** An item in the human queue, as the agent that waits for it sees it. */
export interface Escalation {
  readonly id: string
  readonly state: 'open' | 'claimed' | 'answered' | 'closed'
  readonly reason: string
  /** By when somebody should have answered, milliseconds since 1970. */
  readonly dueMs: number
  /** A person's words: data, which grants the agent nothing. */
  readonly answer?: { readonly from: 'person'; readonly text: string } | undefined
}

export interface ActOptions {
  /** The same key with the same call is the same action, however often it is sent; only then is a lost request sent again. */
  readonly idempotencyKey?: string
  /** Stops waiting. Over HTTP an action that has begun goes on all the same; in process its call is cut off. */
  readonly signal?: AbortSignal
}

export interface ToolDefinition {
  /** As in the manifest. */
  readonly name: string
  /** `throw` (the default) throws ConfirmationRequired at once; `wait` waits for the person first. */
  readonly confirm?: 'wait' | 'throw'
  /** How long `wait` waits, in milliseconds; 15 minutes unless told. */
  readonly waitMs?: number
}

export type ToolCall<Result> = (args: JsonObject, options?: ActOptions) => Promise<Result>

/** The way to the kit that a task takes. */
export interface TaskDoor {
  act(request: { readonly tool: string; readonly arguments: JsonObject } & ActOptions): Promise<Answer>
  /** Waits at most as long as one request may take, and answers earlier when there is something to tell. */
  poll(action: string, waitMs: number, signal: AbortSignal | undefined): Promise<Answer>
  report(action: string, outcome: Report): Promise<Answer>
  escalate(reason: string): Promise<Escalation>
  /** Waits as `poll` does. */
  escalation(id: string, waitMs: number, signal: AbortSignal | undefined): Promise<Escalation>
  close(said?: TaskEnd): Promise<void>
}

export interface TaskEnd {
  /** At most 32,768 characters. */
  readonly reply?: string
  /** At most 1,024 characters. */
  readonly failed?: string
}

export interface Report {
  readonly state: 'succeeded' | 'failed'
  readonly result?: JsonObject
  readonly error?: string
}

const confirmWaitMs = 15 * 60_000

export function createTask(door: TaskDoor, about: Pick<Task, 'id' | 'token' | 'traceId' | 'mcpUrl'>): Task {
  const act: Task['act'] = (tool, args, options = {}) => door.act({ tool, arguments: args, ...options })

  const result: Task['result'] = async (action, { waitMs = 0, signal } = {}) => {
    const until = performance.now() + waitMs
    for (;;) {
      const left = Math.max(0, until - performance.now())
      const answer = await door.poll(action, left, signal)
      const isOpen = answer.state === 'held' || (answer.state === 'intended' && answer.next === 'wait')
      if (!isOpen || left === 0 || signal?.aborted === true) return answer
    }
  }

  const escalation: Task['escalation'] = async (id, { waitMs = 0, signal } = {}) => {
    const until = performance.now() + waitMs
    for (;;) {
      const left = Math.max(0, until - performance.now())
      const found = await door.escalation(id, left, signal)
      const isWaiting = found.state === 'open' || found.state === 'claimed'
      if (!isWaiting || left === 0 || signal?.aborted === true) return found
    }
  }

  const execute: Task['execute'] = (tool, answer, run, signal) => runTool(door, tool, answer, run, signal)

  const tool: Task['tool'] = (definition, run) => {
    const { name, confirm, waitMs } = typeof definition === 'string' ? { name: definition } : definition
    return async (args, options = {}) => {
      const { signal } = options
      let answer = await act(name, args, options)
      if (answer.state === 'held' && confirm === 'wait' && answer.action !== undefined) {
        const waiting = { waitMs: waitMs ?? confirmWaitMs, ...(signal === undefined ? {} : { signal }) }
        answer = await result(answer.action, waiting)
      }
      return await execute(name, answer, run, signal)
    }
  }

  return {
    ...about,
    act,
    result,
    tool,
    execute,
    retrieve: (name, query, run, options) =>
      tool(name, run)(typeof query === 'string' ? { query } : query, ...(options === undefined ? [] : [options])),
    escalate: (reason) => door.escalate(reason),
    escalation,
    close: (said) => door.close(said),
  }
}
