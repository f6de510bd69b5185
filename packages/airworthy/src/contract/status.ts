/** What a kit says of itself. */
import { z } from 'zod'
import { jsonObject, timeMs } from './json.ts'
import { kill } from './kill.ts'

export const health = z.object({ ok: z.literal(true), version: z.string() }).describe('The process runs.')

export const readiness = z
  .object({ ready: z.boolean(), why: z.string().optional() })
  .describe('Whether the kit can govern now: store reachable, audit log writable, release ready.')

export const status = z
  .object({
    agent: z.string(),
    environment: z.string(),
    release: z.string(),
    version: z.string(),
    mode: z.enum(['enforce', 'observe']),
    enforced: z.boolean(),
    notice: z.string().optional().describe('Said plainly where nothing is enforced, or where the release may not run.'),
    principals: z.enum(['jwt', 'asserted_by_agent']),
    ready: z.boolean(),
    why: z.string().optional(),
    permits: z.boolean(),
    audit: z.object({
      vkey: z.string(),
      covered_size: z.int().describe('Entries below this index are covered by a signed checkpoint.'),
      anchors: z
        .array(
          z.object({
            name: z.string(),
            anchored_size: z.int().optional(),
            anchored_ms: timeMs.optional(),
            failing: z.boolean(),
            why: z.string().optional().describe('Why the last delivery failed.'),
          }),
        )
        .readonly(),
    }),
    kills: z.array(kill).readonly(),
  })
  .describe('The state of the kit.')
export type WireStatus = z.infer<typeof status>

export const permitKeys = z.object({ keys: z.array(jsonObject) }).describe('The public permit key, as a JWK set.')
