/** The span of one model call: OpenTelemetry's GenAI attributes, and `airworthy.*` where there is none. */
import type { JsonObject } from '../../core/json.ts'
import type { Mode } from '../../guard/guard.ts'
import type { TaskRecord } from '../../guard/port.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import { commonAttributes, nsOf, resourceOf, spanIdOfId } from './kit-span.ts'
import type { RecordedModelCall } from './kit-spans-port.ts'

export interface ModelSpanParts {
  readonly mode: Mode
  readonly task: TaskRecord
  readonly call: Omit<RecordedModelCall, 'taskId'>
  /** Undefined: it is the task's child. */
  readonly parentSpanId?: string | undefined
  /** Written from the ledger alone: who made the call ended before its span was written. */
  readonly isRebuilt?: boolean
}

/** What settling a call found, by the names of its details. */
const settledNames = ['usage', 'usage_clamped', 'cost_usd_micros', 'unpriced', 'cheaper', 'price_table']

export function modelSpan({ mode, task, call, parentSpanId, isRebuilt = false }: ModelSpanParts): SpanRecord {
  const { id, model, state, details } = call
  const set = (name: string, value: JsonObject[string] | undefined): JsonObject =>
    value === undefined ? {} : { [name]: value }
  // Calls from before it was noted were chats, but for a few.
  const operation = typeof details.operation === 'string' ? details.operation : 'chat'
  return {
    traceId: task.traceId,
    spanId: spanIdOfId(id),
    parentSpanId: parentSpanId ?? spanIdOfId(task.id),
    name: `${operation} ${model}`,
    kind: 'client',
    startNs: nsOf(call.beganMs),
    endNs: nsOf(call.endedMs),
    status: state === 'succeeded' ? 'ok' : 'error',
    attributes: {
      'gen_ai.operation.name': operation,
      ...set('gen_ai.provider.name', details.provider),
      'gen_ai.request.model': model,
      ...set('gen_ai.response.model', details.model),
      ...set('gen_ai.response.id', details.id),
      ...set('gen_ai.response.finish_reasons', details.finish === undefined ? undefined : [details.finish]),
      ...set('gen_ai.usage.input_tokens', details.input),
      ...set('gen_ai.usage.output_tokens', details.output),
      ...set('gen_ai.usage.cache_read.input_tokens', details.cacheRead),
      ...set('gen_ai.usage.cache_creation.input_tokens', details.cacheWrite),
      ...(state === 'failed' ? { 'error.type': String(details.status ?? details.error ?? 'incomplete') } : {}),
      ...Object.assign({}, ...settledNames.map((name) => set(`airworthy.model.${name}`, details[name]))),
      ...set('airworthy.model.retries', details.retries),
      ...commonAttributes(task, mode),
      ...(isRebuilt ? { 'airworthy.rebuilt': true } : {}),
    },
    resource: resourceOf(task.agent),
  }
}
