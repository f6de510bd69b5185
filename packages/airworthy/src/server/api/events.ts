/** The event stream: guard steps as they happen, for a screen. A slow reader loses events and is told how many. */
import type { WireGuardEvent } from '../../contract/event.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { GuardEvent } from '../../guard/guard.ts'
import { callerOf } from '../caller.ts'
import { RequestRefused } from '../problem.ts'
import type { Asked } from '../route.ts'

const streamsMax = 32
/** Events that wait for one slow reader; about a hundred actions. */
const waitingEventsMax = 1_500
const heartbeatMs = 15_000
/** A stream outlives the request that its key was verified for: a key that is revoked meanwhile opens nothing for longer than this. */
const verifiedEveryMs = 2_000

export async function events({ server, request }: Asked<unknown, unknown>): Promise<Response> {
  const { kit, eventStreams, closing } = server
  const { headers } = request
  const sources = [request.signal, closing]
  if (eventStreams.count >= streamsMax) {
    throw new AirworthyError({
      code: 'LIMIT_REACHED',
      message: `${streamsMax} event streams are open, and no more are served.`,
      mend: 'Close one first.',
    })
  }
  eventStreams.count += 1
  const encoder = new TextEncoder()
  let end = (): void => {}
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let lost = 0
        const say = (text: string): void => {
          if ((controller.desiredSize ?? 0) <= 0) {
            lost += 1
            return
          }
          const told = lost === 0 ? '' : `event: lost\ndata: {"events":${lost}}\n\n`
          lost = 0
          controller.enqueue(encoder.encode(told + text))
        }
        const unwatch = kit.watch({ event: (event) => say(frameOf(event)) })
        const heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': beat\n\n'))
        }, heartbeatMs)
        heartbeat.unref()
        const verifying = setInterval(() => {
          // A store that is away says nothing of the key, and is asked again.
          callerOf(kit, headers, ['operator']).catch((error: unknown) => {
            if (error instanceof RequestRefused) close()
          })
        }, verifiedEveryMs)
        verifying.unref()
        let ended = false
        const close = (): void => {
          if (ended) return
          end()
          controller.close()
        }
        end = () => {
          if (ended) return
          ended = true
          eventStreams.count -= 1
          unwatch()
          clearInterval(heartbeat)
          clearInterval(verifying)
          for (const source of sources) source.removeEventListener('abort', close)
        }
        controller.enqueue(encoder.encode(': airworthy events\n\n'))
        for (const source of sources) source.addEventListener('abort', close)
        if (sources.some(({ aborted }) => aborted)) close()
      },
      cancel: () => end(),
    },
    { highWaterMark: waitingEventsMax },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function frameOf(event: GuardEvent): string {
  const wire: WireGuardEvent = {
    step: event.step,
    action: event.actionId,
    task: event.task,
    tool: event.tool,
    outcome: event.outcome,
    reasons: event.reasons.map(({ code, message }) => ({ code, message })),
    at_ms: event.atMs,
  }
  return `event: step\ndata: ${JSON.stringify(wire)}\n\n`
}
