/** Step 12: the call itself, with time-out, cancel signal, idempotency key of ours, and a permit. Never repeated. */
import type { Digest } from '../../core/digest.ts'
import { mintPermit, permitLifetimeSecondsMax } from '../../core/permit.ts'
import type { Guard, Passage } from '../guard.ts'
import type { UpstreamOutcome } from '../port.ts'

export async function execute(guard: Guard, passage: Passage, argumentsSentDigest: Digest): Promise<UpstreamOutcome> {
  const { tool, task, request } = passage
  // By hand: combining signals with the platform's own functions costs more than the rest of this step.
  const controller = new AbortController()
  const abort = (): void => controller.abort(request.signal?.reason)
  const timer = setTimeout(() => controller.abort(new Error('the time-out of the tool is over')), tool.timeoutMs)
  request.signal?.addEventListener('abort', abort)
  if (request.signal?.aborted === true) abort()
  const permit = permitFor(guard, passage, argumentsSentDigest)
  try {
    return await guard.ports.upstream.call({
      server: tool.server as string,
      upstreamName: tool.upstreamName,
      definitionDigest: tool.definitionDigest,
      arguments: passage.arguments,
      ...(permit === undefined ? {} : { permit }),
      idempotencyKey: passage.actionId,
      traceparent: `00-${task.traceId}-${passage.spanId}-01`,
      timeoutMs: tool.timeoutMs,
      signal: controller.signal,
      ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    })
  } catch (error) {
    // The port promises not to throw; if it does, nobody knows what reached the tool.
    return { kind: 'unknown', why: error instanceof Error ? error.message : 'the call failed' }
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', abort)
  }
}

/** The permit of an intended action; for tools of the caller's own it is the answer itself. */
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
