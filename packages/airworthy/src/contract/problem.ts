/** The one form of every error: `application/problem+json` with a stable code, what went wrong and how to mend it. */
import { z } from 'zod'

const faultSchema = z.object({
  code: z.string(),
  message: z.string(),
  mend: z.string(),
  path: z.string().optional().describe('Where in the request, dotted.'),
})

export const problemSchema = z
  .object({
    code: z.string().describe('Stable; see docs/errors.md.'),
    message: z.string(),
    mend: z.string(),
    faults: z.array(faultSchema).optional().describe('All faults, where more than one was found.'),
  })
  .describe('An error.')

export type WireProblem = z.infer<typeof problemSchema>
