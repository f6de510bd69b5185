/** Requests of model APIs, as far as the kit reads them; everything else in them passes through. */
import { z } from 'zod'

const message = z.looseObject({ role: z.string().max(32) })

export const chatRequest = z.looseObject({
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1).max(10_000),
  n: z.int().min(1).max(16).optional(),
  max_tokens: z.int().min(1).max(10_000_000).nullable().optional(),
  max_completion_tokens: z.int().min(1).max(10_000_000).nullable().optional(),
  stream: z.boolean().nullable().optional(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullable().optional(),
  tools: z
    .array(z.looseObject({ function: z.looseObject({ name: z.string().max(256) }).optional() }))
    .max(2_000)
    .optional(),
  response_format: z.looseObject({}).optional(),
})

export type WireChatRequest = z.infer<typeof chatRequest>

export const messagesRequest = z.looseObject({
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1).max(10_000),
  max_tokens: z.int().min(1).max(10_000_000),
  system: z.union([z.string(), z.array(z.looseObject({ text: z.string() })).max(100)]).optional(),
  stream: z.boolean().optional(),
  tools: z
    .array(z.looseObject({ name: z.string().max(256) }))
    .max(2_000)
    .optional(),
})
export type WireMessagesRequest = z.infer<typeof messagesRequest>
