/** A trace as the API shows it. */
import { z } from 'zod'
import { jsonObject } from './json.ts'

const usage = z.object({
  input: z.int().describe('All of the input; what was read from or written to a cache is part of it.'),
  output: z.int(),
  cache_read: z.int(),
  cache_write: z.int(),
})

const reading = z
  .object({
    version: z.int(),
    spelling: z.enum(['gen_ai', 'openinference', 'ai_sdk']),
    operation: z.string().optional(),
    provider: z.string().optional(),
    model: z.string().optional(),
    tool: z.string().optional(),
    usage: usage.extend({ reasoning: z.int() }).optional(),
    clamped: z.boolean().describe('Counts contradicted each other and were cut.'),
    model_call: z.boolean().describe('Its tokens count; those of spans around model calls repeat them.'),
  })
  .describe('What the attributes say in the words of the GenAI conventions.')

const span = z.object({
  span_id: z.string(),
  parent_span_id: z.string().optional(),
  parent_missing: z.literal(true).optional().describe('The parent is not in this answer, or leads back to the span.'),
  name: z.string(),
  kind: z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']),
  source: z
    .enum(['kit', 'otlp', 'import'])
    .describe("The kit's own, an agent's claim of itself, or recorded elsewhere."),
  agent: z.string().optional().describe('Whose key sent it.'),
  start_ns: z.string().optional(),
  end_ns: z.string().optional(),
  status: z.enum(['unset', 'ok', 'error']),
  status_message: z.string().optional(),
  attributes: jsonObject,
  resource: z.int().describe('Its place in `resources`.'),
  details: jsonObject.optional().describe('Events, links, trace state, dropped counts, exact types.'),
  reading: reading.optional(),
  children: z.array(jsonObject).describe('Spans of this same form; those below 100 levels stand beside their parent.'),
})

export const trace = z
  .object({
    trace_id: z.string(),
    spans: z.int().describe('In this answer.'),
    left_out: z.int().describe('Spans of the trace beyond the bounds of an answer.'),
    usage: usage.extend({ calls: z.int(), clamped: z.int() }).describe('Each model call once.'),
    resources: z.array(jsonObject),
    roots: z.array(span),
  })
  .describe('A trace.')

export type WireTrace = z.infer<typeof trace>
export type WireSpan = z.infer<typeof span>
