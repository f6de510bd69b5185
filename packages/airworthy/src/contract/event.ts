/** The event stream on the wire: one server-sent event for each guard step. */
import { z } from 'zod'
import { idText, timeMs } from './json.ts'

export const guardEvent = z
  .object({
    step: z.string(),
    action: idText,
    task: idText,
    tool: z.string(),
    outcome: z.enum(['pass', 'deny', 'confirm', 'again']),
    reasons: z.array(z.object({ code: z.string(), message: z.string() })),
    at_ms: timeMs,
  })
  .describe('One step of the guard. It never holds arguments or results.')
export type WireGuardEvent = z.infer<typeof guardEvent>
