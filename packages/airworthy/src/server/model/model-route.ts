/** A model call under guard, streaming or not, whatever API it speaks. */
import { AirworthyError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { spanIdOf } from '../../core/trace-context.ts'
import type { Kit } from '../../kit.ts'
import type { ModelOutcome, ModelPassage } from '../../operate/model/model-call.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import type { Caller } from '../caller.ts'
import { problemOf } from '../problem.ts'
import { type Asked, jsonAnswer, type Route } from '../route.ts'
import { eventTap } from './event-tap.ts'
import type { ModelApi, SeenAnswer } from './model-api.ts'

/** An answer that is no stream is held until it is read for its usage. */
const answerBytesMax = 16 * 1024 * 1024

/** The handler of a route that speaks this API. */
export function modelRoute<Body>(api: ModelApi<Body>): (asked: Asked<Body, unknown>) => Promise<Response> {
  return async ({ server, caller, body, request }) => {
    const { kit } = server
    const { task } = caller as Extract<Caller, { kind: 'task' }>
    const leaving = new AbortController()
    const leave = (): void => leaving.abort(new Error('the client left'))
    request.signal.addEventListener('abort', leave)
    server.closing.addEventListener('abort', leave)
    const stay = (): void => {
      request.signal.removeEventListener('abort', leave)
      server.closing.removeEventListener('abort', leave)
    }
    const asked = api.asked(body, Buffer.byteLength(JSON.stringify(body)))
    const decision = await kit.beginModelCall(task, asked, leaving.signal)
    if (decision.kind !== 'send') {
      stay()
      return decision.kind === 'denied'
        ? jsonAnswer(api.error(decision.reasons), 403)
        : fallbackAnswer(api, body, decision.fallback, kit.guard.ports.clock())
    }
    const end = settling(kit, api, decision, request, stay)
    const answer = await kit.askModel({
      path: api.path,
      headers: picked(request.headers, api.passedRequestHeaders),
      body: JSON.stringify(api.sent(body, decision)),
      signal: decision.signal,
    })
    if (answer.kind !== 'answered') {
      await end({
        state: 'failed',
        usage: undefined,
        isUnused: answer.kind === 'unreachable',
        details: { error: answer.why },
      })
      return jsonAnswer(api.fault('PROVIDER_UNREACHABLE', `The model's provider did not answer: ${answer.why}.`), 502)
    }
    // Length and encoding are of this hop's own; cookies are the provider's and ours.
    const headers = new Headers(picked(answer.headers, api.passedAnswerHeaders))
    if (answer.status !== 200 || answer.body === null) {
      const text = await boundedText(answer.body)
      // A provider that refuses a request has not begun to work on it.
      const isUnused = answer.status >= 400 && answer.status < 500
      await end({ state: 'failed', usage: undefined, isUnused, details: { status: answer.status } })
      return new Response(text ?? '', { status: answer.status, headers })
    }
    if (api.isStream(body)) {
      const reader = api.eventReader(body)
      const passed = watched(answer.body.pipeThrough(eventTap(reader)), leave, (isEnded) => {
        const isWhole = isEnded && reader.isWhole()
        return end({ ...outcomeOf(reader.seen(), isWhole), details: { ...detailsOf(reader.seen()), stream: true } })
      })
      return new Response(passed, { status: 200, headers })
    }
    const text = await boundedText(answer.body)
    const value = parsed(text)
    if (text === undefined || !isJsonObject(value)) {
      await end({ state: 'failed', usage: undefined, details: {} })
      const { aborted, reason } = decision.signal
      const why = aborted && reason instanceof Error ? `: ${reason.message}` : ''
      return jsonAnswer(api.fault('PROVIDER_ANSWER_INVALID', `The model's provider sent no usable answer${why}.`), 502)
    }
    const seen = api.seenIn(value)
    await end({ ...outcomeOf(seen, true), details: detailsOf(seen) })
    return new Response(text, { status: 200, headers })
  }
}

/** What is wrong with a request before its handler sees it, in the words of the API that it speaks. */
export function refuseModel<Body>(api: ModelApi<Body>): NonNullable<Route['refuse']> {
  return (error, _request, onFault) => {
    const problem = problemOf(error, onFault)
    const isOurs = error instanceof AirworthyError
    const code = isOurs ? error.code : 'INTERNAL_ERROR'
    const message = isOurs ? error.message : 'The kit failed at this request.'
    problem.headers.set('content-type', 'application/json')
    return new Response(JSON.stringify(api.fault(code, message)), { status: problem.status, headers: problem.headers })
  }
}

function outcomeOf({ usage }: SeenAnswer, isWhole: boolean): Pick<Ended, 'state' | 'usage'> {
  return { state: isWhole ? 'succeeded' : 'failed', usage }
}

function fallbackAnswer<Body>(
  api: ModelApi<Body>,
  body: Body,
  fallback: Parameters<ModelApi<Body>['fallback']>[1],
  nowMs: number,
): Response {
  const isStream = api.isStream(body)
  const text = isStream
    ? api.fallbackStream(body, fallback, nowMs)
    : JSON.stringify(api.fallback(body, fallback, nowMs))
  const type = isStream ? 'text/event-stream' : 'application/json'
  return new Response(text, { headers: { 'content-type': type, 'airworthy-fallback': fallback.kind } })
}

type Ended = Omit<ModelOutcome, 'span'>

/** Ends the call once, whatever ends it first. */
function settling<Body>(
  kit: Kit,
  api: ModelApi<Body>,
  passage: ModelPassage,
  request: Request,
  after: () => void,
): (outcome: Ended) => Promise<void> {
  let ended: Promise<void> | undefined
  return (outcome) => {
    ended ??= kit
      .endModelCall(passage, { ...outcome, span: (cost) => spanOf(kit, api, passage, outcome, cost, request) })
      .finally(after)
    return ended
  }
}

function spanOf<Body>(
  kit: Kit,
  { operation, provider }: ModelApi<Body>,
  passage: ModelPassage,
  { state, details }: Ended,
  cost: JsonObject,
  request: Request,
): SpanRecord {
  const { callId, task, model, beganMs } = passage
  const parent = spanIdOf(request.headers.get('traceparent'), task.traceId)
  const { input, output, cacheRead, cacheWrite, ...more } = cost
  return {
    traceId: task.traceId,
    spanId: callId.slice(-16),
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name: `${operation} ${model}`,
    kind: 'client',
    startNs: BigInt(beganMs) * 1_000_000n,
    endNs: BigInt(kit.guard.ports.clock()) * 1_000_000n,
    status: state === 'succeeded' ? 'ok' : 'error',
    attributes: {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      ...(details.model === undefined ? {} : { 'gen_ai.response.model': details.model }),
      ...(details.id === undefined ? {} : { 'gen_ai.response.id': details.id }),
      ...(details.finish === undefined ? {} : { 'gen_ai.response.finish_reasons': [details.finish] }),
      ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
      ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
      ...(cacheRead === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': cacheRead }),
      ...(cacheWrite === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': cacheWrite }),
      ...(state === 'failed' ? { 'error.type': String(details.status ?? details.error ?? 'incomplete') } : {}),
      ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`airworthy.model.${name}`, value])),
      'airworthy.task': task.id,
      'airworthy.release': task.release,
    },
    resource: { 'service.name': kit.agent },
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

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
}

/** Undefined when it is too long or breaks off. */
async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > answerBytesMax) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string | undefined): JsonValue | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as JsonValue)
  } catch {
    return undefined
  }
}

/** Passes a stream on and tells once how it ended: whole, or cut by either side. */
function watched(
  source: ReadableStream<Uint8Array>,
  leave: () => void,
  onEnd: (isEnded: boolean) => Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          await onEnd(true)
          controller.close()
        } else controller.enqueue(value)
      } catch (error) {
        await onEnd(false)
        controller.error(error)
      }
    },
    async cancel() {
      leave()
      await reader.cancel().catch(() => {})
      await onEnd(false)
    },
  })
}
