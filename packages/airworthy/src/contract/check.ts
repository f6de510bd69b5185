/** The go/no-go question on the wire. The verdict itself is plain JSON already (readiness/verdict.ts) and travels as it is. */
import { z } from 'zod'
import { timeMs } from './json.ts'

export const checkBody = z.strictObject({
  at_ms: timeMs.optional().describe('Judge for this time instead of now.'),
  environment: z.string().min(1).max(128).optional().describe("If given, it must be the kit's own."),
})

const controlVerdict = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['pass', 'fail', 'unknown', 'not_applicable']),
  why: z.string(),
  mend: z.string(),
  evidence: z.array(z.looseObject({ producer: z.string(), at: z.string(), summary: z.string() })),
})

export const verdict = z
  .object({
    verdict: z.enum(['GO', 'NO-GO', 'GO WITH EXCEPTIONS']),
    environment: z.string(),
    release: z.string(),
    at: z.string(),
    controls: z.array(controlVerdict).describe('All of them, always.'),
    exceptions: z.array(z.object({ control: z.string(), by: z.string(), reason: z.string(), expires: z.string() })),
    summary: z.object({
      pass: z.int(),
      fail: z.int(),
      unknown: z.int(),
      not_applicable: z.int(),
      mends: z.array(z.string()),
      text: z.string(),
    }),
  })
  .describe('GO or NO-GO, with every control.')
