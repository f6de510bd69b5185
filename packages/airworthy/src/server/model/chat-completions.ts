/** `POST /openai/v1/chat/completions`: a model call under guard, streaming or not. */
import type { WireChatRequest } from '../../contract/model.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { spanIdOf } from '../../core/trace-context.ts'
import type { Kit } from '../../kit.ts'
import type { ModelOutcome, ModelPassage } from '../../operate/model/model-call.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import type { Caller } from '../caller.ts'
import { type Asked, jsonAnswer } from '../route.ts'
import { askedOf, errorBody, fallbackCompletion, fallbackStream, sentBody, usageOf } from './openai-chat.ts'
import { usageTap } from './usage-tap.ts'

/** An answer that is no stream is held until it is read for its usage. */
const answerBytesMax = 16 * 1024 * 1024

export async function chatCompletions({
  server,
  caller,
  body,
  request,
}: Asked<WireChatRequest, unknown>): Promise<Response> {
  const { kit } = server
  const { task } = caller as Extract<Caller, { kind: 'task' }>
  const decision = await kit.beginModelCall(task, askedOf(body, Buffer.byteLength(JSON.stringify(body))))
  if (decision.kind === 'denied') return jsonAnswer(errorBody(decision.reasons), 403)
  if (decision.kind === 'fallback') return fallbackAnswer(body, decision.fallback, kit.guard.ports.clock())

  const leaving = new AbortController()
  const leave = (): void => leaving.abort(new Error('the client left'))
  request.signal.addEventListener('abort', leave)
  server.closing.addEventListener('abort', leave)
  const end = settling(kit, decision, request, () => {
    request.signal.removeEventListener('abort', leave)
    server.closing.removeEventListener('abort', leave)
  })
  const answer = await kit.askModel('chat/completions', sentBody(body, decision), leaving.signal)
  if (answer.kind !== 'answered') {
    await end({
      state: 'failed',
      usage: undefined,
      isUnused: answer.kind === 'unreachable',
      details: { error: answer.why },
    })
    const message = `The model's provider did not answer: ${answer.why}.`
    return jsonAnswer({ error: { message, type: 'api_error', code: 'PROVIDER_UNREACHABLE', param: null } }, 502)
  }
  const headers = passedHeaders(answer.headers)
  if (answer.status !== 200 || answer.body === null) {
    const text = await boundedText(answer.body)
    // A provider that refuses a request has not begun to work on it.
    const isUnused = answer.status >= 400 && answer.status < 500
    await end({ state: 'failed', usage: undefined, isUnused, details: { status: answer.status } })
    return new Response(text ?? '', { status: answer.status, headers })
  }
  if (body.stream === true) {
    const { stream, seen } = usageTap(body.stream_options?.include_usage === true)
    const passed = watched(answer.body.pipeThrough(stream), leave, (isWhole) =>
      end({
        state: isWhole && seen.isDone ? 'succeeded' : 'failed',
        usage: usageOf(seen.usage),
        details: { ...shown(seen.model, seen.id, seen.finish), stream: true },
      }),
    )
    return new Response(passed, { status: 200, headers })
  }
  const text = await boundedText(answer.body)
  const value = parsed(text)
  const usage = isJsonObject(value) ? usageOf(value.usage) : undefined
  const [choice] = isJsonObject(value) && Array.isArray(value.choices) ? value.choices : []
  const finish = isJsonObject(choice) ? choice.finish_reason : undefined
  const named = isJsonObject(value) ? shown(value.model, value.id, finish) : {}
  await end({ state: value === undefined ? 'failed' : 'succeeded', usage, details: named })
  if (text === undefined || value === undefined) {
    const message = "The model's provider sent no usable answer."
    return jsonAnswer({ error: { message, type: 'api_error', code: 'PROVIDER_ANSWER_INVALID', param: null } }, 502)
  }
  return new Response(text, { status: 200, headers })
}

function fallbackAnswer(
  body: WireChatRequest,
  fallback: Parameters<typeof fallbackCompletion>[1],
  nowMs: number,
): Response {
  // The same input gives the same answer, so its id is no fresh one.
  const id = `fallback-${fallback.budget}`
  const headers = { 'airworthy-fallback': fallback.kind }
  if (body.stream === true) {
    const text = fallbackStream(body, fallback, id, nowMs)
    return new Response(text, { headers: { ...headers, 'content-type': 'text/event-stream' } })
  }
  const answer = jsonAnswer(fallbackCompletion(body, fallback, id, nowMs))
  answer.headers.set('airworthy-fallback', fallback.kind)
  return answer
}

type Ended = Omit<ModelOutcome, 'span'>

/** Ends the call once, whatever ends it first. */
function settling(
  kit: Kit,
  passage: ModelPassage,
  request: Request,
  after: () => void,
): (outcome: Ended) => Promise<void> {
  let ended: Promise<void> | undefined
  return (outcome) => {
    ended ??= kit
      .endModelCall(passage, { ...outcome, span: (cost) => spanOf(kit, passage, outcome, cost, request) })
      .finally(after)
    return ended
  }
}

function spanOf(
  kit: Kit,
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
    name: `chat ${model}`,
    kind: 'client',
    startNs: BigInt(beganMs) * 1_000_000n,
    endNs: BigInt(kit.guard.ports.clock()) * 1_000_000n,
    status: state === 'succeeded' ? 'ok' : 'error',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': kit.manifest.model?.provider ?? 'openai',
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

function shown(model: JsonValue | undefined, id: JsonValue | undefined, finish: JsonValue | undefined): JsonObject {
  const short = (value: JsonValue | undefined): value is string => typeof value === 'string' && value.length <= 256
  return {
    ...(short(model) ? { model } : {}),
    ...(short(id) ? { id } : {}),
    ...(short(finish) ? { finish } : {}),
  }
}

/** Length and encoding are of this hop's own; cookies are the provider's and ours. */
function passedHeaders(headers: Headers): Headers {
  const passed = new Headers()
  for (const name of ['content-type', 'retry-after', 'x-request-id', 'openai-processing-ms', 'openai-version']) {
    const value = headers.get(name)
    if (value !== null) passed.set(name, value)
  }
  return passed
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
  onEnd: (isWhole: boolean) => Promise<void>,
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
