/** Approvals on the wire. */
import { z } from 'zod'
import { idText, jsonObject, timeMs } from './json.ts'

const approvalStates = ['pending', 'approved', 'rejected', 'expired', 'used'] as const

export const approval = z
  .object({
    id: idText,
    action: idText,
    task: idText,
    agent: z.string(),
    tool: z.string(),
    principal: z.string(),
    state: z.enum(approvalStates),
    roles: z.array(z.string()).readonly().describe('Every one of them is needed of the approver.'),
    not_requester: z.boolean(),
    summary: z.string().describe("Rendered by the server, never the model's words."),
    binding_digest: z.string().describe('Over everything that the approval is for.'),
    nonce: z.string(),
    created_ms: timeMs,
    expires_ms: timeMs,
    decided_ms: timeMs.optional(),
    decided_by: z.string().optional(),
    comment: z.string().optional(),
  })
  .describe('The record of the decision on one exact action.')
export type WireApproval = z.infer<typeof approval>

export const shownApproval = approval
  .extend({ arguments: jsonObject.describe('All of them, as they will be sent; the summary cuts long values.') })
  .describe('An approval, and what exactly would be executed.')
export type WireShownApproval = z.infer<typeof shownApproval>

export const approvalList = z.object({ approvals: z.array(approval).readonly() }).describe('Approvals, newest first.')
export const approvalsQuery = z.strictObject({ state: z.enum(approvalStates).optional() })

export const decisionBody = z.strictObject({
  decision: z.enum(['approved', 'rejected']),
  comment: z.string().max(500).optional(),
})
