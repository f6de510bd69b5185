/** The part of the OpenAI chat completions API that this server takes. Unknown fields are ignored, as they are there. */
import { z } from 'zod'

const part = z.looseObject({ type: z.string(), text: z.string().optional() })
const content = z.union([z.string(), z.array(part), z.null()]).optional()

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function').optional(),
  function: z.object({ name: z.string(), arguments: z.string() }),
})

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content,
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().optional(),
})

const functionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().min(1).max(128),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
})

export const chatRequest = z.object({
  model: z.string(),
  messages: z.array(message).min(1).max(2000),
  tools: z.array(functionTool).max(2000).optional(),
  tool_choice: z.unknown().optional(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
})

export type ChatRequest = z.output<typeof chatRequest>
export type ChatMessage = z.output<typeof message>
export type FunctionTool = z.output<typeof functionTool>

/** The text of a message's content, whatever form it came in. */
export function textOf(message: ChatMessage): string {
  const { content: given } = message
  if (typeof given === 'string') return given
  return (given ?? []).map(({ text }) => text ?? '').join('\n')
}
