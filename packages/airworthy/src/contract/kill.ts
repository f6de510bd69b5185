/** The kill switch on the wire. */
import { z } from 'zod'
import { timeMs } from './json.ts'

const toolOrAll = z.string().min(1).max(200).describe('A tool of the manifest; left out or *: the whole agent.')

export const killBody = z.strictObject({ tool: toolOrAll.optional(), reason: z.string().min(1).max(500) })

export const killReport = z
  .object({
    agent: z.string(),
    tool: z.string(),
    requested: timeMs,
    propagated: timeMs.describe('When it was committed: nothing new executes after it.'),
    quiesced: timeMs.nullable().describe('When nothing under it ran any more; null: something still ran.'),
    verified: timeMs.nullable().describe('When an attempt was seen to be refused; null: it was not.'),
    gateways: z.array(z.object({ name: z.string(), aborted: z.int(), faults: z.int() })).readonly(),
  })
  .describe('How far a kill has come.')

export const liftReport = z.object({ lifted: z.boolean().describe('false: no such kill was on.') })

export const kill = z.object({
  agent: z.string(),
  tool: z.string(),
  reason: z.string(),
  by: z.string(),
  at_ms: timeMs,
})
export const killList = z.object({ kills: z.array(kill).readonly() }).describe('Kills that are on.')
