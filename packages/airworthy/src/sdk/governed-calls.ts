/**
 * What the wrappers of other SDKs share: such an SDK asks twice, first whether a call needs approval and then to run it. The id that
 * the SDK gave the call is the idempotency key, so both questions are one action, in another process too. Whatever the SDK's own
 * history says of approvals only leads back here: the kit's approval is the only one that counts.
 */
import type { JsonObject } from '../core/json.ts'
import type { Answer } from './answer.ts'
import type { Execute, Task } from './task.ts'

export interface GovernedCalls {
  /** The guard's answer; one that lets the call run is kept for `run`. */
  ask(tool: string, args: JsonObject, callId: string): Promise<Answer>
  /** @throws as `task.tool` */
  run<Result>(
    tool: string,
    args: JsonObject,
    callId: string,
    execute: Execute<Result>,
    signal?: AbortSignal,
  ): Promise<Result>
}

/** Calls that were asked for and never run; the oldest are forgotten, and then the guard is asked again. */
const keptMax = 1_000

/** @param waitMs how long a call that is held waits for the person when it is to run; 0: not at all. */
export function governedCalls(task: Task, waitMs: number): GovernedCalls {
  const kept = new Map<string, Answer>()
  return {
    async ask(tool, args, callId) {
      const earlier = kept.get(callId)
      // The permit of an action is given out once; the question may come twice.
      if (earlier !== undefined) return earlier
      const answer = await task.act(tool, args, { idempotencyKey: callId })
      if (answer.state === 'intended' && answer.next === undefined) {
        kept.set(callId, answer)
        if (kept.size > keptMax) kept.delete(kept.keys().next().value as string)
      }
      return answer
    },
    async run(tool, args, callId, execute, signal) {
      const abort = signal === undefined ? {} : { signal }
      let answer = kept.get(callId)
      kept.delete(callId)
      answer ??= await task.act(tool, args, { idempotencyKey: callId, ...abort })
      if (answer.state === 'held' && answer.action !== undefined && waitMs > 0) {
        answer = await task.result(answer.action, { waitMs, ...abort })
      }
      return await task.execute(tool, answer, execute, signal)
    },
  }
}
