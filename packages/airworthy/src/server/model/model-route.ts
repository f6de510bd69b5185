/** A model call under guard, streaming or not, whatever API it speaks. */
import { AirworthyError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { spanIdOf, traceHeadersOf } from '../../core/trace-context.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import type { Kit } from '../../kit.ts'
import type { ModelOutcome, ModelPassage } from '../../operate/model/model-call.ts'
import { modelSpan } from '../../operate/traces/model-span.ts'
import type { Caller } from '../caller.ts'
import { plainResponse } from '../plain-response.ts'
import { problemOf } from '../problem.ts'
import { type Asked, jsonAnswer, type Route } from '../route.ts'
import { boundedBytes } from './bounded-bytes.ts'
import { eventTap } from './event-tap.ts'
import { memberTexts } from './member-texts.ts'
import type { ModelApi, SeenAnswer } from './model-api.ts'
import { onClosing } from './on-closing.ts'
import { passedStream, passStream } from './passed-stream.ts'
import { picked } from './picked.ts'

/** A provider that refuses explains itself in less. */
const errorBytesMax = 1024 * 1024

const noBytes = new Uint8Array()

type Ended = Omit<ModelOutcome, 'span'>

/** The handler of a route that speaks this API. */
export function modelRoute<Body>(api: ModelApi<Body>): (asked: Asked<Body, unknown>) => Promise<Response> {
  return async ({ server, caller, body, request }) => {
    const { kit } = server
    const { task } = caller as Extract<Caller, { kind: 'task' }>
    const texts = memberTexts(body as JsonObject)
    const asked = api.asked(body, texts.bytes)
    const decision = await kit.beginModelCall(task, asked, request.signal)
    if (decision.kind !== 'send') {
      return decision.kind === 'denied'
        ? jsonAnswer(api.error(decision.reasons), 403)
        : fallbackAnswer(api, body, decision.fallback, kit.guard.ports.clock())
    }
    const { signal, stop } = decision
    const leave = (): void => stop(new Error('the client left'))
    const stay = onClosing(server.closing, leave)
    const answer = await kit.askModel({
      path: api.path,
      headers: {
        ...picked((name) => request.headers.get(name), api.passedRequestHeaders),
        ...traceHeadersOf(task, decision.callId.slice(-16)),
      },
      body: texts.textOf(api.sent(body, decision)),
      signal,
      timeoutMs: decision.timeoutMs,
    })
    const settle = settling(kit, api, decision, request.headers.get('traceparent'), stay)
    const end = (outcome: Ended): Promise<void> =>
      settle({
        ...outcome,
        // Somebody may have worked on an attempt that broke off, and nobody says how much.
        ...(answer.mayHaveRun ? { usage: undefined, isUnused: false } : {}),
        details: { ...outcome.details, ...(answer.retries === 0 ? {} : { retries: answer.retries }) },
      })
    const failed = async (outcome: Partial<Ended>): Promise<void> =>
      await end({ state: 'failed', usage: undefined, details: {}, ...outcome })

    if (answer.kind !== 'answered') {
      await failed({ isUnused: answer.kind === 'unreachable', details: { error: answer.why } })
      return jsonAnswer(api.fault('PROVIDER_UNREACHABLE', `The model's provider did not answer: ${answer.why}.`), 502)
    }
    // Length and encoding are of this hop's own; cookies are the provider's and ours.
    const headers = picked((name) => answer.headers[name], api.passedAnswerHeaders)
    const { status } = answer
    const passedOn = (bytes: Uint8Array<ArrayBuffer>): Response => plainResponse(bytes, status, headers)
    if (status !== 200) {
      const bytes = await boundedBytes(answer.body, errorBytesMax)
      // A provider that refuses a request has not begun to work on it.
      await failed({ isUnused: (status >= 400 && status < 500) || status === 529, details: { status } })
      return passedOn(bytes ?? noBytes)
    }
    if (api.isStream(body)) {
      const reader = api.eventReader(body)
      const onEnd = (isEnded: boolean): Promise<void> => {
        const seen = reader.seen()
        const state = isEnded && reader.isWhole() ? 'succeeded' : 'failed'
        return end({ state, usage: seen.usage, details: { ...detailsOf(seen), stream: true } })
      }
      const passing = { tap: eventTap(reader), leave, onEnd }
      return plainResponse(passedStream(answer.body, passing), status, headers, (outgoing) =>
        passStream(answer.body, outgoing, passing),
      )
    }
    const bytes = await boundedBytes(answer.body, api.answerBytesMax)
    const value = bytes === undefined ? undefined : parsed(bytes)
    if (!isJsonObject(value)) {
      await failed({})
      const why = signal.aborted && signal.reason instanceof Error ? `: ${signal.reason.message}` : ''
      return jsonAnswer(api.fault('PROVIDER_ANSWER_INVALID', `The model's provider sent no usable answer${why}.`), 502)
    }
    const seen = api.seenIn(value)
    await end({ state: 'succeeded', usage: seen.usage, details: detailsOf(seen) })
    return passedOn(bytes as Uint8Array<ArrayBuffer>)
  }
}

/** What is wrong with a request before its handler sees it, in the words of the API that it speaks. */
export function refuseModel(api: Pick<ModelApi<never>, 'fault'>): NonNullable<Route['refuse']> {
  return (error, _request, onFault) => {
    const problem = problemOf(error, onFault)
    const isOurs = error instanceof AirworthyError
    const code = isOurs ? error.code : 'INTERNAL_ERROR'
    const message = isOurs ? error.message : 'The kit failed at this request.'
    problem.headers.set('content-type', 'application/json')
    return new Response(JSON.stringify(api.fault(code, message)), { status: problem.status, headers: problem.headers })
  }
}

function fallbackAnswer<Body>(api: ModelApi<Body>, body: Body, fallback: FallbackResult, nowMs: number): Response {
  const isStream = api.isStream(body)
  const text = isStream
    ? api.fallbackStream(body, fallback, nowMs)
    : JSON.stringify(api.fallback(body, fallback, nowMs))
  const type = isStream ? 'text/event-stream' : 'application/json'
  const headers = {
    'content-type': type,
    'airworthy-fallback': fallback.kind,
    ...(fallback.escalation === undefined ? {} : { 'airworthy-escalation': fallback.escalation }),
  }
  return new Response(text, { status: api.fallbackStatus, headers })
}

/** Ends the call once, whatever ends it first. */
function settling<Body>(
  { guard, endModelCall }: Kit,
  api: ModelApi<Body>,
  passage: ModelPassage,
  traceparent: string | null,
  after: () => void,
): (outcome: Ended) => Promise<void> {
  let ended: Promise<void> | undefined
  return (outcome) => {
    const details = { ...outcome.details, operation: api.operation, provider: api.provider }
    const { callId: id, model, beganMs, task } = passage
    const span = (settled: JsonObject) =>
      modelSpan({
        mode: guard.mode,
        task,
        call: { ...outcome, id, model, beganMs, endedMs: guard.ports.clock(), details: { ...details, ...settled } },
        parentSpanId: spanIdOf(traceparent, task.traceId),
      })
    ended ??= endModelCall(passage, { ...outcome, details, span }).finally(after)
    return ended
  }
}

function detailsOf({ model, id, finish }: SeenAnswer): JsonObject {
  const short = (value: JsonValue | undefined): value is string => typeof value === 'string' && value.length <= 256
  return {
    ...(short(model) ? { model } : {}),
    ...(short(id) ? { id } : {}),
    ...(short(finish) ? { finish } : {}),
  }
}

function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return valueOfJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as JsonValue
  } catch {
    return undefined
  }
}
