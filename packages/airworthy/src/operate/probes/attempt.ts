/** One attempt of a probe: an action taken down the pipeline, and what the upstream received of it. */
import type { JsonObject } from '../../core/json.ts'
import type { Principal } from '../../core/principal.ts'
import type { ActionAnswer } from '../../guard/answer.ts'
import type { Resumption } from '../../guard/earlier.ts'
import { govern } from '../../guard/pipeline.ts'
import type { ProbeContext } from './probe-context.ts'
import { type ProbeGuard, probePrincipal } from './probe-guard.ts'

export interface Attempt {
  readonly answer: ActionAnswer
  /** How many calls the upstream received for this attempt. */
  readonly received: number
}

export interface AttemptRequest {
  readonly task: string
  readonly tool: string
  readonly arguments: JsonObject
}

export async function attempt(
  context: ProbeContext,
  { guard, recorder }: ProbeGuard,
  request: AttemptRequest,
  resumed?: Resumption,
): Promise<Attempt> {
  const before = recorder.received.length
  const answer = await govern(guard, { ...request, door: 'probe' }, resumed, context.steps)
  return { answer, received: recorder.received.length - before }
}

/** Reading a task reads its whole state, so a task that serves ever more attempts would cost their square. */
const attemptsOfTaskMax = 64

/** Gives out probe tasks, a fresh one after so many attempts. */
export function probeTasks(context: ProbeContext, principal: Principal = probePrincipal): () => Promise<string> {
  let current: { readonly id: string; left: number } | undefined
  return async () => {
    if (current === undefined || current.left === 0) {
      current = { id: (await context.openTask(principal)).id, left: attemptsOfTaskMax }
    }
    current.left--
    return current.id
  }
}

/** What an answer said, for findings: its decision and reason codes, never arguments. */
export function told({ answer }: Attempt): string {
  const codes = answer.reasons.map(({ code }) => code)
  return codes.length === 0 ? answer.decision : `${answer.decision}, ${codes.join(', ')}`
}
