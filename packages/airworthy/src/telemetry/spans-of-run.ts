/**
 * Spans for a run whose format has none: the agent, its model calls, its tool calls, named as the GenAI conventions name them. They
 * have no times, for the record has none. What was said and sent stands with the run and is not repeated here.
 */
import { sha256Hex } from '../core/hash.ts'
import type { JsonObject } from '../core/json.ts'
import type { RecordedCall, RecordedRun } from './recorded-run.ts'
import type { SpanKind, SpanRecord, SpanStatus } from './span.ts'

/** The root first, then model calls and tool calls in the order of the run. Equal runs give equal spans. Pure. */
export function spansOfRun(run: RecordedRun): SpanRecord[] {
  const { agent = run.format, model, outcome } = run
  const resource: JsonObject = { 'service.name': agent }
  const idOf = (part: string): string => sha256Hex(`${run.id}\n${part}`).slice(0, 16)
  const root = idOf('run')
  const span = (
    part: string,
    name: string,
    kind: SpanKind,
    attributes: JsonObject,
    status: SpanStatus = 'unset',
  ): SpanRecord => ({
    traceId: run.traceId,
    spanId: idOf(part),
    ...(part === 'run' ? {} : { parentSpanId: root }),
    name,
    kind,
    status,
    attributes: { ...attributes, 'airworthy.run.id': run.id },
    resource,
  })
  const toolSpan = ({ index, tool, error }: RecordedCall): SpanRecord =>
    span(
      `call ${index}`,
      `execute_tool ${tool}`,
      'internal',
      {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': tool,
        'airworthy.call.index': index,
        ...(error === undefined ? {} : { 'error.type': 'tool_error' }),
      },
      error === undefined ? 'unset' : 'error',
    )
  const modelSpan = (index: number): SpanRecord =>
    span(`message ${index}`, model === undefined ? 'chat' : `chat ${model}`, 'client', {
      'gen_ai.operation.name': 'chat',
      ...(model === undefined ? {} : { 'gen_ai.request.model': model }),
      'airworthy.message.index': index,
    })
  const spans = [
    span('run', `invoke_agent ${agent}`, 'internal', {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      ...(outcome?.reward === undefined ? {} : { 'airworthy.run.reward': outcome.reward }),
    }),
  ]
  let told = 0
  for (const call of [...run.calls, undefined]) {
    const until = call?.afterMessages ?? run.messages.length
    for (; told < until; told++) if (run.messages[told]?.role === 'assistant') spans.push(modelSpan(told))
    if (call !== undefined) spans.push(toolSpan(call))
  }
  return spans
}
