/** Tasks on the wire: opening one, and what the agent gets back. */
import { z } from 'zod'
import { idText, jsonObject, jsonValue } from './json.ts'

const userToken = z.string().min(1).max(16_384).describe("A signed token (JWT) of the company's own issuer.")

const assertedPrincipal = z
  .strictObject({ id: z.string().min(1).max(256), attributes: jsonObject.optional() })
  .describe('Only where the manifest says `asserted_by_agent: true`.')

export const openTaskBody = z.strictObject({
  principal: z.union([userToken, assertedPrincipal]).describe('The user on whose behalf the task runs.'),
  input: jsonValue.optional().describe('What the user asked for; its values count as trusted.'),
  type: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('What kind of work it is, in a word or two: metrics are told apart by it.'),
  resume_url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .optional()
    .describe('Told when a held action of the task was decided. The notice carries ids only.'),
})
export type WireOpenTask = z.infer<typeof openTaskBody>

export const openedTask = z
  .object({
    task: idText,
    token: z.string().describe('Shown this once. It travels as bearer, as header Airworthy-Task, or in MCP _meta.'),
    trace_id: z.string().describe('W3C trace id.'),
    urls: z.object({ api: z.url(), mcp: z.url(), openai: z.url(), anthropic: z.url() }),
    mode: z.enum(['enforce', 'observe']),
  })
  .describe('A task that was opened.')
export type WireOpenedTask = z.infer<typeof openedTask>

export const closeTaskBody = z.strictObject({
  reply: z.string().max(32_768).optional().describe('What the agent said in the end; a recording compares it.'),
  failed: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe('Why the task failed, as its agent or its user sees it: its recording is kept.'),
})

export const forgetTaskBody = z.strictObject({ reason: z.string().min(1).max(500) })
export type WireForgetTask = z.infer<typeof forgetTaskBody>

export const forgottenTask = z
  .object({
    task: idText,
    bodies_erased: z.int().describe('What was asked for, arguments, results: those that stood until now.'),
    recording_deleted: z.boolean(),
  })
  .describe('What a task said and did is erased.')
export type WireForgottenTask = z.infer<typeof forgottenTask>

export const closedTask = z.object({ task: idText, closed: z.literal(true) }).describe('A task that has ended.')
