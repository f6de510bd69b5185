/** An imported run for people and as JSON. Its texts are other people's: each goes on one line, and nothing in it can move what is around it. */
import type { JsonValue } from '../core/json.ts'
import { printable } from '../core/printable.ts'
import type { ImportedRun, RunSummary } from '../operate/traces/port.ts'
import type { RecordedCall, RecordedOutcome } from '../telemetry/recorded-run.ts'
import type { SpanRecord } from '../telemetry/span.ts'

const textLengthMax = 300

export function runText({ run, file, importedMs }: ImportedRun, spans: readonly SpanRecord[], isFull: boolean): string {
  const shown = (text: string): string => {
    const plain = printable(text)
    if (isFull || plain.length <= textLengthMax) return plain
    return `${plain.slice(0, textLengthMax)}... (CUT: ${plain.length} characters; --full gives all)`
  }
  const { outcome } = run
  const about: readonly (readonly [string, string | undefined])[] = [
    ['format', run.format],
    ['agent', run.agent],
    ['model', run.model],
    ['for', run.principal === undefined ? undefined : `${run.principal.id} (as the record says)`],
    ['reward', outcome?.reward === undefined ? undefined : `${outcome.reward}`],
    ['attack', attackText(outcome)],
    ['from', `${file}, imported ${new Date(importedMs).toISOString()}`],
    ['trace', `${run.traceId}, ${spans.length} spans`],
  ]
  const lines = [
    printable(run.id),
    'Recorded elsewhere and imported: nothing of it was governed or verified.',
    ...about.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(7)} ${printable(text)}`])),
    '',
  ]
  let told = 0
  for (const call of [...run.calls, undefined]) {
    const until = call?.afterMessages ?? run.messages.length
    for (; told < until; told++) {
      const message = run.messages[told]
      if (message !== undefined && message.text !== '') lines.push(`${message.role}: ${shown(message.text)}`)
    }
    if (call !== undefined) lines.push(...callLines(call, shown))
  }
  return `${lines.join('\n')}\n`
}

function callLines(call: RecordedCall, shown: (text: string) => string): readonly string[] {
  const { index, tool, result, error } = call
  const came =
    error !== undefined
      ? `failed: ${shown(error)}`
      : result === undefined
        ? 'no result was recorded'
        : `-> ${shown(textOf(result))}`
  return [`[${index}] ${printable(tool)} ${shown(JSON.stringify(call.arguments))}`, `    ${came}`]
}

function textOf(result: JsonValue): string {
  return typeof result === 'string' ? result : JSON.stringify(result)
}

function attackText(outcome: RecordedOutcome | undefined): string | undefined {
  if (outcome?.attack === undefined) return undefined
  const end = { true: 'IT SUCCEEDED', false: 'it failed', undefined: 'its end is not recorded' } as const
  return `${outcome.attack}; ${end[`${outcome.attackSucceeded}`]}`
}

export function summaryJson(run: RunSummary) {
  return {
    id: run.id,
    name: run.name,
    format: run.format,
    agent: run.agent,
    model: run.model,
    principal: run.principalId,
    outcome: outcomeJson(run.outcome),
    actions: run.actions,
    trace_id: run.traceId,
    file: run.file,
    imported_ms: run.importedMs,
  }
}

export function runJson({ run, file, importedMs }: ImportedRun, spans: readonly SpanRecord[]) {
  return {
    id: run.id,
    name: run.name,
    format: run.format,
    agent: run.agent,
    model: run.model,
    principal: run.principal,
    outcome: outcomeJson(run.outcome),
    trace_id: run.traceId,
    file,
    imported_ms: importedMs,
    messages: run.messages,
    actions: run.calls.map((call) => ({
      index: call.index,
      tool: call.tool,
      arguments: call.arguments,
      after_messages: call.afterMessages,
      result: call.result,
      error: call.error,
      auth_checks: call.authChecks,
      span_id: call.spanId,
    })),
    spans: spans.map((span) => ({
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: span.name,
      kind: span.kind,
      // Beyond 2^53: texts, as OTLP writes them.
      start_ns: span.startNs?.toString(),
      end_ns: span.endNs?.toString(),
      status: span.status,
      status_message: span.statusMessage,
      attributes: span.attributes,
      resource: span.resource,
    })),
  }
}

function outcomeJson(outcome: RecordedOutcome | undefined) {
  if (outcome === undefined) return undefined
  return { reward: outcome.reward, attack: outcome.attack, attack_succeeded: outcome.attackSucceeded }
}
