/**
 * The written form of `airworthy.yaml`: what may stand where. `schema/airworthy.schema.json` is generated from it, so every
 * description here is what an editor shows. What depends on other places (a tool in the lock, a channel by name, a floor) is checked
 * in `parse-manifest.ts`.
 */

import { z } from 'zod'
import { durationMsOf } from '../duration.ts'
import { alertMetricNames, alertRuleNames } from './alert-rules.ts'
import { detectorNames } from './detectors.ts'

const named = (what: string): z.ZodString =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
      `must be ${what}: letters, digits, ".", "_" and "-", at most 128 characters`,
    )
const text = z.string().min(1).max(4096)
const duration = z.string().regex(/^\d{1,9}(ms|s|m|h|d)$/, 'must be a duration such as 500ms, 10s, 15m, 48h or 31d')
const usd = z
  .string()
  .regex(
    /^\d{1,9}(\.\d{1,6})?$/,
    'must be US dollars as text in quotes, such as "0.50"; a bare number would be a float',
  )
const address = z.string().min(1).max(2048).describe('An address; an environment variable may stand in it.')
const headers = z
  .record(z.string(), z.string().max(8192))
  .describe('HTTP headers; an environment variable may stand in it.')
const dataClass = z.enum(['pii', 'secret', 'regulated'])
const fallback = z.enum(['ask_clarifying_question', 'escalate_to_human', 'switch_model'])
const price = z.strictObject({ input: usd, output: usd, cache_read: usd.optional(), cache_write: usd.optional() })
const inputPrice = z.strictObject({ input: usd })
const promptFile = text.max(1024).describe('File with the system prompt, beside the manifest.')
const jsonSchema = z.record(z.string(), z.unknown()).describe('A JSON Schema (2020-12) of type object.')

const confirm = z
  .strictObject({
    by: named('a role').optional().describe('Role that an approver must hold. Default: approver.'),
    not_requester: z.boolean().optional().describe('The approver must not be the requester. Default: true.'),
    within: duration.optional().describe('The approval expires after this. Default: 15m.'),
  })
  .describe('Who confirms this action, and how soon.')

const tool = z
  .strictObject({
    server: named('a server name')
      .optional()
      .describe('Name under mcpServers. Absent: the caller runs the tool itself.'),
    upstream_name: text.max(256).optional().describe('Name of the tool at its server, when it differs.'),
    title: text.max(256).optional(),
    description: text.optional().describe('Only for a tool without `server`; others take it from airworthy.lock.'),
    input: jsonSchema.optional().describe('Schema of the arguments; only for a tool without `server`.'),
    output: jsonSchema.optional().describe('Schema of the result; only for a tool without `server`.'),
    effect: z
      .enum(['read', 'write', 'irreversible'])
      .optional()
      .describe('irreversible means CONFIRMATION REQUIRED. Default: irreversible.'),
    effect_reason: text.optional().describe('Why a tool that looks destructive is declared milder than irreversible.'),
    reach: z
      .enum(['internal', 'external'])
      .optional()
      .describe('external: what it is given leaves the house. Default: external.'),
    limits: z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .optional()
      .describe(
        'Narrows the locked schema, argument by argument: minimum, maximum, enum, maxLength, pattern, maxItems, items, properties.',
      ),
    destinations: z.array(text.max(256)).max(100).optional().describe('Arguments that say where something goes.'),
    auth_checks: z.array(named('the name of an auth check')).max(20).optional(),
    confirm: confirm.optional(),
    data: z
      .strictObject({
        in: z.array(dataClass).optional().describe('Classes that its arguments may carry. Default: none.'),
        out: z.array(dataClass).optional().describe('Classes that its results may carry. Default: none.'),
        trusted: z
          .boolean()
          .optional()
          .describe('false: its text may carry instructions of somebody else. Default: false.'),
        trusted_fields: z
          .array(
            z
              .string()
              .regex(/^(?:\/[^/]+)+$/, 'must be a JSON Pointer, with * for every member of a list: /tickets/*/id')
              .max(256),
          )
          .max(50)
          .optional()
          .describe(
            'Places of a result that the server itself fills, such as ids, where its other texts are not to be trusted: JSON Pointers, * for every member of a list.',
          ),
      })
      .optional(),
    permit: z
      .union([z.literal(true), z.record(named('an attribute'), z.union([text, z.array(text).min(1).max(100)]))], {
        error:
          'must be true (any principal) or attributes with the values that are allowed, such as { role: [support] }',
      })
      .optional()
      .describe('Shorthand permit: attribute to allowed values. Compiled to Cedar; policies/*.cedar join it.'),
    cost_usd: usd.optional().describe('What one call costs. Default: "0".'),
    reconcile: z
      .strictObject({ url: address })
      .optional()
      .describe('Asked what became of an action whose outcome is ambiguous.'),
    timeout: duration.optional().describe('Default: 10s.'),
  })
  .describe('A tool that the agent may be given. What is not listed is denied.')

const dataAct = z.enum(['allow', 'redact', 'pseudonymize', 'block'])
const dataRule = (detectors: string) =>
  z.strictObject({
    detect: z
      .array(z.enum(detectorNames as [string, ...string[]]))
      .max(50)
      .optional()
      .describe(detectors),
    before_retrieval: dataAct.optional(),
    before_model: dataAct.optional(),
    before_export: dataAct.optional(),
  })

const budget = <Limit extends z.ZodType>(limit: Limit) =>
  z.strictObject({
    limit,
    then: fallback.optional().describe('What happens at the limit. Default: escalate_to_human.'),
    at: z.number().gt(0).lt(1).optional().describe('Share of the limit at which `do` happens; the limit never moves.'),
    do: fallback.optional(),
  })
const counted = z.int().min(1).max(1_000_000_000)

export const manifestShape = z
  .strictObject({
    version: z.literal(1).optional(),
    agent: named('a name for the agent'),
    owner: text.max(256).optional().describe('Who answers for the agent: a team or a person.'),
    run: z
      .strictObject({
        command: z.array(text).min(1).max(100).optional(),
        http: address.optional(),
        module: text.max(1024).optional(),
      })
      .optional()
      .describe('How evals and drills start the agent: exactly one of command, http, module.'),
    model: z
      .strictObject({
        provider: text
          .max(64)
          .optional()
          .describe('openai, anthropic, or the name of any OpenAI-compatible service. Default: openai.'),
        base_url: address.optional(),
        id: text.max(256).describe('A dated version; an alias is a finding.'),
        parameters: z.record(z.string(), z.unknown()).optional(),
        price: price.optional().describe('US dollars per million tokens, as text.'),
        image_tokens: z
          .int()
          .min(1)
          .max(1_000_000)
          .optional()
          .describe('The most tokens that the provider bills for one picture. Default: 10000.'),
        cheaper: z.strictObject({ id: text.max(256), price: price.optional() }).optional(),
        embeddings: z
          .strictObject({ id: text.max(256), price: inputPrice.optional() })
          .optional()
          .describe('The model that makes embeddings. Without it none is called.'),
      })
      .optional(),
    prompt: z
      .union([
        promptFile,
        z.strictObject({
          file: promptFile,
          match: z
            .enum(['exact', 'template'])
            .optional()
            .describe('template: the file holds places such as {{name}}; any text may stand there. Default: exact.'),
        }),
      ])
      .optional(),
    judges: z
      .record(
        named('a judge'),
        z.strictObject({
          provider: text
            .max(64)
            .optional()
            .describe('openai, anthropic, or the name of any OpenAI-compatible service. Default: openai.'),
          base_url: address.optional(),
          id: text.max(256).describe('A dated version; an alias is another judge each time it moves.'),
          parameters: z
            .strictObject({
              temperature: z.number().min(0).max(2).optional(),
              top_p: z.number().min(0).max(1).optional(),
              seed: z.int().min(0).optional(),
              max_output_tokens: z.int().min(1).max(100_000).optional(),
            })
            .optional(),
          prompt: text.max(1024).optional().describe("File with the judge's instructions, beside the manifest."),
        }),
      )
      .optional()
      .describe('Models that grade what a reply says. Each needs a calibration by people before its word counts.'),
    principal: z
      .strictObject({
        jwt: z.strictObject({ issuer: address, audience: address, jwks: address }).optional(),
        asserted_by_agent: z.boolean().optional().describe('true: the agent names the user and nobody verifies it.'),
        attributes: z
          .record(named('an attribute'), z.enum(['string', 'integer', 'number', 'boolean', 'strings']))
          .optional(),
      })
      .optional(),
    mcpServers: z
      .record(
        named('a server name'),
        z.strictObject({
          type: z.enum(['stdio', 'http', 'streamable-http', 'streamableHttp']).optional(),
          url: address.optional(),
          command: text.max(1024).optional(),
          args: z.array(z.string().max(8192)).max(200).optional(),
          env: z.record(z.string(), z.string().max(8192)).optional(),
          headers: headers.optional(),
          cwd: text.max(1024).optional(),
          ignore: z
            .array(text.max(256))
            .max(2000)
            .optional()
            .describe('Offered tools that are deliberately not given to the agent.'),
          pass: z
            .array(text.max(256))
            .max(100)
            .optional()
            .describe('Request methods relayed although the gateway does not know them.'),
        }),
      )
      .optional(),
    auth_checks: z
      .record(
        named('the name of an auth check'),
        z.strictObject({ url: address, timeout: duration.optional(), headers: headers.optional() }),
      )
      .optional(),
    tools: z
      .record(
        z
          .string()
          .regex(
            /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}$/,
            'must be a tool name: letters, digits, "_", ".", "/" and "-", at most 128 characters',
          ),
        tool,
      )
      .optional(),
    retrieval: z
      .record(
        z.string(),
        z.strictObject({
          acl: z
            .strictObject({ argument: text.max(256), from: text.max(256) })
            .optional()
            .describe('The guard sets this argument; the agent cannot.'),
          classes_by: text.max(256).optional(),
        }),
      )
      .optional(),
    data: z
      .strictObject({
        approver: named('a role')
          .optional()
          .describe("Role that may approve an export which the tool's own confirm does not cover."),
        pii: dataRule('Detectors of personal data.').optional(),
        secret: dataRule('Detectors of secrets.').optional(),
        regulated: dataRule('Detectors of regulated data.').optional(),
      })
      .optional(),
    budgets: z
      .strictObject({
        max_steps: budget(counted).optional(),
        max_tool_calls: budget(counted).optional(),
        max_tokens: budget(counted).optional(),
        max_cost_usd: budget(usd).optional(),
        deadline: budget(duration).optional(),
        p95_latency_slo: budget(duration).optional(),
      })
      .optional(),
    fallbacks: z
      .strictObject({
        ask_clarifying_question: text.max(1000).optional(),
        escalate_to_human: text.max(1000).optional(),
        switch_model: text.max(1000).optional(),
      })
      .optional()
      .describe('What the agent is told once a budget is used up, by fallback; the same for every task.'),
    escalations: z
      .strictObject({
        sla: duration.optional().describe('By when somebody should have answered. Default: 4h.'),
        notify: z.array(named('a channel')).max(20).optional(),
        by: named('a role').optional().describe('Role that a person must hold to answer; operators may always.'),
      })
      .optional()
      .describe('The human queue.'),
    gates: z
      .strictObject({
        scenarios: z.int().min(0).optional(),
        pass_rate: z.number().min(0).max(1).optional(),
        rate_by: z.enum(['observed', 'lower_bound']).optional(),
        adversarial: z.int().min(0).optional(),
        category_c: z.int().min(0).optional(),
        calibration: z
          .strictObject({
            every: duration.optional(),
            min_labels: z.int().min(0).optional(),
            c_sensitivity: z.number().min(0).max(1).optional(),
            agreement: z.number().min(0).max(1).optional(),
          })
          .optional(),
      })
      .optional(),
    alerts: z
      .array(
        z.strictObject({
          name: named('a name'),
          rule: z
            .enum(alertRuleNames)
            .describe(
              'week_over_week: seven days against the seven before. burn_rate: of the budget that an objective leaves.',
            ),
          metric: z.enum(alertMetricNames),
          above: z
            .number()
            .min(0)
            .describe('Fires above it. 0.2 is 20 %; cost in US dollars, latency in milliseconds.'),
          guard: z
            .enum(['lower_bound', 'observed'])
            .optional()
            .describe('lower_bound: fires when the sample makes it certain. Default: lower_bound.'),
          min_tasks: z.int().min(0).max(1_000_000_000).optional().describe('Below this a window has no data.'),
          window: duration.optional().describe('Of threshold and burn_rate. Default: 1h.'),
          short_window: duration.optional().describe('The second window of burn_rate. Default: 5m.'),
          for: duration.optional().describe('How long it must stay above before it fires. Default: 0s.'),
          repeat: duration.optional().describe('While it fires, it is told again after this. Default: 24h.'),
          no_data: z.enum(['ignore', 'notify']).optional().describe('Default: ignore; it is shown either way.'),
          notify: z.array(named('a channel')).max(20),
        }),
      )
      .max(100)
      .optional(),
    channels: z
      .record(
        named('a channel'),
        z.strictObject({
          webhook: address.optional(),
          secret: z.string().min(1).max(8192).optional(),
          format: z.enum(['json', 'slack']).optional().describe('Body of a notification to a webhook. Default: json.'),
          file: text.max(1024).optional(),
          witness: address.optional(),
          key: text.max(1024).optional(),
        }),
      )
      .optional(),
    schedules: z
      .strictObject({
        redteam: schedule().optional(),
        drills: schedule().optional(),
        calibration_sample: schedule().optional(),
      })
      .optional(),
    retention: z
      .strictObject({
        spans: duration.optional().describe('Spans are kept for this long, at least 1d. Default: 30d.'),
        keep: duration
          .optional()
          .describe(
            'Spans of tasks that changed state or failed are kept for this long, at least as long as `spans`. Default: 400d.',
          ),
        recordings: duration
          .optional()
          .describe(
            'Recordings of tasks that did not fail are kept for this long; others, and cassettes of trials, for `keep`. Default: as `spans`.',
          ),
      })
      .optional()
      .refine(isRetention, 'spans must be at least 1d, and keep at least as long as spans and recordings'),
    recording: z
      .strictObject({
        share: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe('This share of tasks is recorded for a replay, chosen by the id of the task. Default: 0.'),
        failed: z.boolean().optional().describe('Tasks that fail are recorded, whatever the share. Default: true.'),
        store_mb: z
          .number()
          .int()
          .min(1)
          .max(1_000_000)
          .optional()
          .describe('Recordings use no more than this in the store; the oldest go first. Default: 2048.'),
      })
      .optional()
      .describe('Without it no task but those of evals is recorded.'),
    telemetry: z
      .strictObject({
        export: z
          .strictObject({ url: address, headers: headers.optional() })
          .optional()
          .describe("Where the kit's own spans are sent too, over OTLP (protobuf, HTTP)."),
      })
      .optional(),
    incidents: z.strictObject({ postmortem_within: duration.optional() }).optional(),
    audit: z.strictObject({ anchors: z.array(text.max(1024)).max(20).optional() }).optional(),
    sandboxes: z
      .record(
        named('a server name'),
        z.union([
          text.max(1024),
          z.strictObject({
            url: address,
            headers: headers.optional(),
            auth_checks: z.record(named('an auth check'), address).optional(),
          }),
        ]),
      )
      .optional()
      .describe(
        'What evals, attacks and drills call in place of a server: a module with a world, or a server of a test stage.',
      ),
    exceptions: z
      .array(
        z.strictObject({
          control: z
            .string()
            .regex(
              /^(SCOPE-[1-5]|EVAL-[1-6]|OBS-[1-6]|BUDGET-[1-3]|DATA-[1-5]|INC-[1-4]|RULE-[12])$/,
              'must be the id of a control, such as EVAL-1',
            ),
          by: text.max(256).describe('The person who answers for it, by name.'),
          reason: text,
          expires: z
            .string()
            .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/, 'must be a day such as 2026-12-31, or a UTC time'),
        }),
      )
      .max(100)
      .optional(),
  })
  .describe('airworthy.yaml: what people decide about one agent.')

function schedule(): z.ZodString {
  return z
    .string()
    .regex(
      /^(daily|weekly|monthly|quarterly|\d{1,9}(m|h|d))$/,
      'must be daily, weekly, monthly, quarterly or a duration such as 14d',
    )
}

export type WrittenManifest = z.infer<typeof manifestShape>
export type WrittenTool = NonNullable<WrittenManifest['tools']>[string]

function isRetention(
  written: { spans?: string | undefined; keep?: string | undefined; recordings?: string | undefined } | undefined,
): boolean {
  const spansMs = durationMsOf(written?.spans ?? '30d') ?? 0
  const recordingsMs = durationMsOf(written?.recordings ?? '0ms') ?? 0
  return spansMs >= 86_400_000 && (durationMsOf(written?.keep ?? '400d') ?? 0) >= Math.max(spansMs, recordingsMs)
}
