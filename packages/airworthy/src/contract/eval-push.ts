/** Rows of evals from CI on the wire: the file that `airworthy eval run --evidence` and `airworthy redteam run --evidence` write. */
import { z } from 'zod'
import { timeMs } from './json.ts'

const count = z.int().min(0)
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const name = z.string().min(1).max(256)
const sentence = z.string().max(8_192)
const cell = z.strictObject({
  case: name,
  digest,
  trial: z.int().min(0).max(1_000),
  tags: z.array(z.string().max(64)).max(32).optional(),
  source: z.enum(['trace', 'ticket', 'incident', 'workflow', 'synthetic']).optional(),
  attack: z
    .strictObject({
      goal: name,
      carrier: name,
      technique: name,
      disguise: name,
      cluster: name,
      ridesOn: name.optional(),
    })
    .optional(),
})
const plan = z.strictObject({
  run: z.string().regex(/^run_[0-9a-z]{1,64}$/),
  kind: z.enum(['scenarios', 'attacks']),
  agent: name,
  release: digest,
  environment: name,
  mode: z.enum(['enforce', 'observe']),
  model: z.enum(['cheaper']).optional(),
  dataset: digest,
  seed: z.int().min(0).max(0xffff_ffff),
  createdMs: timeMs,
  judges: z.array(digest).max(100),
  simulated: z.array(name).max(100),
  cells: z.array(cell).min(1).max(100_000),
})
const category = z.enum(['A', 'B', 'C'])
const row = z.strictObject({
  run: z.string().max(128),
  cell: count,
  case: name,
  trial: z.int().min(0).max(1_000),
  state: z.enum(['passed', 'failed', 'error', 'timeout', 'judge-outage']),
  category: category.optional(),
  failures: z.array(z.looseObject({ category, check: name, why: sentence })).max(1_000),
  task: z.string().max(128).optional(),
  traceId: z.string().max(128).optional(),
  atMs: timeMs,
  durationMs: count,
  used: z.strictObject({ steps: count, toolCalls: count, tokens: count, costUsdMicros: count }),
  jobDone: z.boolean().optional(),
  jobWhy: sentence.optional(),
  heldNeedlessly: count.optional(),
  verdicts: z
    .array(
      z.strictObject({
        judge: digest,
        rubric: sentence,
        verdict: z.enum(['pass', 'fail', 'none']),
        category,
        why: sentence,
      }),
    )
    .max(100)
    .optional(),
  reply: sentence.optional(),
  why: sentence.optional(),
})

export const evalPushBody = z
  .strictObject({
    version: z.literal(1),
    plan,
    rows: z.array(row).max(100_000),
    public_key: z.string().regex(/^[\w-]{43}$/),
    signature: z.string().regex(/^[\w-]{86}$/),
  })
  .describe(
    'A plan and its rows, signed: Ed25519 over "airworthy eval rows v1\\n", the canonical JSON of both and "\\n".',
  )

export const acceptedPush = z
  .object({ run: z.string(), planned: count, rows: count, added: count })
  .describe('What was taken; `added` is 0 when everything was on record already.')
