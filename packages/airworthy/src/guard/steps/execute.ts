/** Step 12: the call itself, with time-out, cancel signal, idempotency key of ours, and a permit. Never repeated. */
import type { Digest } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import { mintPermit, permitLifetimeSecondsMax } from '../../core/permit.ts'
import { traceHeadersOf } from '../../core/trace-context.ts'
import { withDeadline } from '../deadline.ts'
import type { Guard, Passage } from '../guard.ts'
import type { UpstreamOutcome } from '../port.ts'
import { redactedForModel } from './label-result.ts'
import { relayInput } from './relay-input.ts'

/** @param permit  of `permitFor`. */
export async function execute(guard: Guard, passage: Passage, permit: string | undefined): Promise<UpstreamOutcome> {
  const { tool, task, request } = passage
  const { onProgress } = request
  const relayed = request.inputRound === undefined ? undefined : await relayInput(guard, passage, request.inputRound)
  if (relayed?.kind === 'refused') return { kind: 'not-executed', why: relayed.why }
  const call = (signal: AbortSignal): Promise<UpstreamOutcome> =>
    guard.ports.upstream.call({
      server: tool.server as string,
      upstreamName: tool.upstreamName,
      definitionDigest: tool.definitionDigest,
      arguments: passage.arguments,
      ...(permit === undefined ? {} : { permit }),
      idempotencyKey: passage.actionId,
      ...traceHeadersOf(task, passage.spanId),
      timeoutMs: tool.timeoutMs,
      signal,
      ...(onProgress === undefined
        ? {}
        : { onProgress: (progress: JsonObject) => onProgress(redactedForModel(guard, progress)) }),
      ...(relayed?.round === undefined ? {} : { inputRound: relayed.round }),
    })
  try {
    return await withDeadline(tool.timeoutMs, request.signal, call)
  } catch (error) {
    // The port promises not to throw; if it does, nobody knows what reached the tool.
    return { kind: 'unknown', why: error instanceof Error ? error.message : 'the call failed' }
  }
}

/**
 * The permit of an action that is about to be intended; for tools of the caller's own it is the answer itself. Signed before
 * the act, so that what cannot be signed is never on record as intended; nobody sees it unless the act commits.
 */
export function permitFor(guard: Guard, passage: Passage, argumentsSentDigest: Digest): string | undefined {
  if (guard.permitKey === undefined) return undefined
  const { tool, task } = passage
  const nowSeconds = Math.floor(guard.ports.clock() / 1000)
  return mintPermit(
    {
      agent: task.agent,
      aud: tool.server ?? task.agent,
      task: task.id,
      principal: task.principal.id,
      tool: tool.upstreamName,
      arguments_digest: argumentsSentDigest,
      jti: passage.actionId,
      idempotency_key: passage.actionId,
      iat: nowSeconds,
      exp: nowSeconds + permitLifetimeSecondsMax,
    },
    guard.permitKey,
  )
}
