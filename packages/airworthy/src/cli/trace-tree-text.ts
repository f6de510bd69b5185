/** A trace for people: one line a span, indented under its parent. Names are other people's: each stays on its line. */
import { printable } from '../core/printable.ts'
import type { StoredTrace } from '../operate/traces/port.ts'
import { type TraceNode, treeOf } from '../operate/traces/trace-tree.ts'
import { genAiReadingOf } from '../telemetry/gen-ai-reading.ts'
import { kitWords } from './kit-span-words.ts'

/** Deeper ones are indented no further. */
const indentMax = 20
const nameLengthMax = 80

export function traceText(traceId: string, trace: StoredTrace): string {
  const { spans, leftOut } = trace
  const sources = (['kit', 'otlp', 'import'] as const).flatMap((source) => {
    const count = spans.filter((one) => one.source === source).length
    return count === 0 ? [] : [`${count} ${meanings[source]}`]
  })
  const lines = [`trace ${traceId}: ${spans.length} spans (${sources.join(', ')})`]
  const roots = treeOf(spans)
  const open = roots.map((node) => ({ node, depth: 0 })).reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next
    lines.push(`${'  '.repeat(Math.min(depth, indentMax))}${lineOf(node)}`)
    for (const child of node.children.toReversed()) open.push({ node: child, depth: depth + 1 })
  }
  if (leftOut === 0 && roots.some(isOfOpenTask))
    lines.push('OPEN: the task, or an action of it, has not ended; what belongs to it stands at the margin.')
  if (leftOut > 0) lines.push(`CUT: ${leftOut} more spans belong to this trace.`)
  return `${lines.join('\n')}\n`
}

const meanings = { kit: 'written by the kit', otlp: 'sent by the agent', import: 'imported' } as const

function lineOf(node: TraceNode): string {
  const { span, source, isParentMissing } = node
  const { name, startNs, endNs, status, statusMessage, attributes } = span
  const reading = genAiReadingOf(attributes)
  const { usage } = reading ?? {}
  const cached = usage === undefined || usage.cacheRead === 0 ? '' : `, ${usage.cacheRead} of them from the cache`
  return [
    `[${source}] ${shown(name)}`,
    startNs === undefined || endNs === undefined ? undefined : `${Number((endNs - startNs) / 1_000n) / 1_000} ms`,
    reading?.model === undefined ? undefined : shown(reading.model),
    usage === undefined ? undefined : `${usage.input} tokens in${cached}, ${usage.output} out`,
    source === 'kit' ? kitWords(attributes) : undefined,
    status === 'error' ? `ERROR${statusMessage === undefined ? '' : `: ${shown(statusMessage)}`}` : undefined,
    isParentMissing && !isOfOpenTask(node) ? `(its parent ${span.parentSpanId} is not here)` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('  ')
}

/** The kit writes the span of a task, and of an action, when it ends. The parent of a task's own span is the agent's, which may never come. */
function isOfOpenTask({ span, source, isParentMissing }: TraceNode): boolean {
  return isParentMissing && source === 'kit' && span.attributes['gen_ai.operation.name'] !== 'invoke_agent'
}

function shown(text: string): string {
  const plain = printable(text)
  return plain.length <= nameLengthMax ? plain : `${plain.slice(0, nameLengthMax)}...`
}
