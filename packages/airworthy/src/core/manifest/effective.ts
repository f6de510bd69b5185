/**
 * The effective manifest: what people declared (`airworthy.yaml`), narrowed over what was found (`airworthy.lock`), with every
 * default filled in. It is plain data: the guard, the policies, the probes and `validate --effective` all read this one value.
 * Durations are integer milliseconds, money integer micro-dollars.
 */
import type { DataClass, Effect, Reach } from '../action.ts'
import type { Digest } from '../digest.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { PromptTemplate } from '../prompt-template.ts'
import type { AlertRule } from './alert-rules.ts'

export interface EffectiveManifest {
  readonly version: 1
  readonly agent: string
  readonly owner: string
  readonly run?: AgentRun
  readonly model?: ModelPin
  readonly prompt?: PromptPin
  /** Models that grade what a reply says, by name. */
  readonly judges?: Readonly<Record<string, JudgePin>>
  readonly principal: PrincipalRule
  readonly servers: readonly McpServer[]
  readonly authChecks: Readonly<Record<string, AuthCheck>>
  readonly tools: readonly EffectiveTool[]
  /** By tool name: how the guard itself narrows what a retrieval may return. */
  readonly retrieval: Readonly<Record<string, RetrievalRule>>
  readonly data: Readonly<Record<DataClass, DataRule>>
  /** Role that may approve an export which the tool's own `confirm` does not cover. */
  readonly dataApprover?: string
  readonly budgets: Budgets
  /** Words of fallbacks; the kit's own where there are none. */
  readonly fallbacks?: Readonly<Partial<Record<Fallback, string>>>
  /** The human queue; absent: four hours, nobody is notified, any person may answer. */
  readonly escalations?: EscalationRule
  readonly gates: Gates
  readonly alerts: readonly AlertRule[]
  readonly channels: Readonly<Record<string, Channel>>
  readonly schedules: Readonly<Record<string, string>>
  /** How long spans are kept; absent: 30 days, and 400 days for traces of changes and failures. */
  readonly retention?: Retention
  /** Absent: tasks are not recorded. */
  readonly recording?: RecordingRule
  /** Where the kit's own spans are sent besides the store. */
  readonly telemetry?: {
    readonly export?: { readonly url: string; readonly headers: Readonly<Record<string, string>> }
  }
  readonly incidents: { readonly postmortemWithinMs: number }
  /** Names of channels (or `file:` paths) that receive each checkpoint. */
  readonly anchors: readonly string[]
  /** Modules with worlds, by server. */
  readonly sandboxes: Readonly<Record<string, string>>
  /** Servers of a test stage, by the server that they stand in for; absent: none. Addresses and headers as written, variables and all. */
  readonly sandboxServers?: Readonly<Record<string, SandboxServer>>
  readonly exceptions: readonly ManifestException[]
  /** Cedar sources: `policies/*.cedar` beside the manifest, in name order. Shorthand permits are not in here. */
  readonly policies: readonly { readonly file: string; readonly text: string }[]
  /** Defaults that were filled in and narrow or bound something, for `validate` to print. */
  readonly defaulted: readonly { readonly path: string; readonly value: JsonValue; readonly why: string }[]
  /** Digest of the manifest as written (`${NAME}` unresolved, comments and layout left out); absent for one built in memory. */
  readonly manifestDigest?: Digest
}

export interface EffectiveTool {
  readonly name: string
  /** Absent: the caller runs the tool itself. */
  readonly server?: string
  readonly upstreamName: string
  readonly title?: string
  readonly description: string
  readonly effect: Effect
  /** Why a destructive-looking tool is declared milder. */
  readonly effectReason?: string
  readonly reach: Reach
  /** Locked schema, closed and bounded by defaults and by `limits`: what arguments are checked against (JSON Schema 2020-12). */
  readonly inputSchema: JsonObject
  readonly outputSchema?: JsonObject
  /** Places (JSON Pointers into the arguments) that still lack a bound; SCOPE-2 fails while there is one. */
  readonly unbounded: readonly string[]
  /** Digest of the locked definition; a server that offers another one is TOOL_CHANGED. */
  readonly definitionDigest: Digest
  readonly annotations?: JsonObject
  readonly destinations: readonly string[]
  readonly authChecks: readonly string[]
  readonly confirm?: ConfirmRule
  readonly data: {
    readonly in: readonly DataClass[]
    readonly out: readonly DataClass[]
    readonly trusted: boolean
    /** Places of the result that are trusted although its texts are not: JSON Pointers, `*` for every member of a list. */
    readonly trustedFields?: readonly string[]
    readonly declared: boolean
  }
  /** Shorthand permit, attribute to allowed values; `true` is any principal. */
  readonly permit?: true | Readonly<Record<string, readonly string[]>>
  readonly costUsdMicros: number
  readonly reconcile?: { readonly url: string }
  readonly timeoutMs: number
}

export interface AgentRun {
  readonly kind: 'command' | 'http' | 'module'
  readonly command?: readonly string[]
  readonly http?: string
  readonly module?: string
}

export interface ModelPin {
  readonly provider: string
  readonly baseUrl?: string
  readonly id: string
  readonly parameters: JsonObject
  /** The most tokens that the provider bills for one picture. */
  readonly imageTokens?: number
  readonly price?: Readonly<Record<'input' | 'output' | 'cache_read' | 'cache_write', number>>
  readonly cheaper?: { readonly id: string; readonly price?: Readonly<Record<string, number>> }
  /** The one model that makes embeddings; without it none is called. */
  readonly embeddings?: { readonly id: string; readonly price?: ModelPin['price'] }
}

export interface JudgePin {
  readonly provider: string
  readonly baseUrl?: string
  readonly id: string
  readonly parameters: JsonObject
  /** Instead of the kit's own. */
  readonly prompt?: { readonly file: string; readonly text: string }
}

export interface PromptPin {
  readonly file: string
  /** Of the file's text, places and all. */
  readonly digest: Digest
  /** There when the prompt matches by template; else it matches exactly. */
  readonly template?: PromptTemplate
}

export interface PrincipalRule {
  /** True: the agent names the user and nobody verifies it; shown as such everywhere. */
  readonly assertedByAgent: boolean
  readonly jwt?: { readonly issuer: string; readonly audience: string; readonly jwks: string }
  readonly attributes: Readonly<Record<string, 'string' | 'integer' | 'number' | 'boolean' | 'strings'>>
}

export interface McpServer {
  readonly name: string
  readonly url?: string
  readonly command?: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Offered tools that are deliberately not given to the agent. */
  readonly ignore: readonly string[]
  /** Request methods relayed although the gateway does not know them. */
  readonly pass: readonly string[]
}

export interface SandboxServer {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Addresses of its auth checks, by name; what is not there is never answered. */
  readonly authChecks: Readonly<Record<string, string>>
}

export interface AuthCheck {
  readonly name: string
  readonly url: string
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>>
}

export interface ConfirmRule {
  /** Role that an approver must hold. */
  readonly by: string
  readonly notRequester: boolean
  readonly withinMs: number
}

export interface RetrievalRule {
  readonly acl?: { readonly argument: string; readonly from: string }
  readonly classesBy?: string
}

export interface DataRule {
  readonly detect: readonly string[]
  /** Detectors named here that this version does not have. */
  readonly notBuilt: readonly string[]
  readonly beforeRetrieval: DataAct
  readonly beforeModel: DataAct
  readonly beforeExport: DataAct
}
export type DataAct = 'allow' | 'redact' | 'pseudonymize' | 'block'

export type Fallback = 'ask_clarifying_question' | 'escalate_to_human' | 'switch_model'
/** As the manifest, reasons and spans name them. */
export type BudgetName = 'max_steps' | 'max_tool_calls' | 'max_tokens' | 'max_cost_usd' | 'deadline' | 'p95_latency_slo'
export interface Budgets {
  readonly maxSteps: BudgetRule
  readonly maxToolCalls: BudgetRule
  readonly maxTokens: BudgetRule
  readonly maxCostUsdMicros: BudgetRule
  readonly deadlineMs: BudgetRule
  readonly p95LatencySloMs: BudgetRule
}
export interface BudgetRule {
  readonly limit: number
  readonly then: Fallback
  /** Share of the limit at which `do` happens; the limit never moves. */
  readonly at?: number
  readonly do?: Fallback
}

export interface EscalationRule {
  /** How long somebody has to answer. */
  readonly slaMs: number
  /** Channels that are told of a new one. */
  readonly notify: readonly string[]
  /** Role that a person must hold to work on it; operators may always. */
  readonly by?: string
}

export interface Gates {
  readonly scenarios: number
  readonly passRate: number
  readonly rateBy: 'observed' | 'lower_bound'
  readonly adversarial: number
  readonly categoryC: number
  readonly calibration: {
    readonly everyMs: number
    readonly minLabels: number
    readonly cSensitivity: number
    readonly agreement: number
  }
}

export interface Channel {
  readonly kind: 'webhook' | 'file' | 'witness'
  readonly webhook?: string
  readonly secret?: string
  /** Of what is posted to a webhook. */
  readonly format?: 'json' | 'slack'
  readonly file?: string
  /** A C2SP witness's submission prefix, and its public key. */
  readonly witness?: string
  readonly key?: string
}

/** A floor that a named person lowered, with a reason, until a day. */
export interface ManifestException {
  readonly control: string
  readonly by: string
  readonly reason: string
  readonly expires: string
}

export interface Retention {
  readonly spansMs: number
  /** Of tasks that changed state or failed. */
  readonly keptMs: number
  /** Recordings of tasks that did not fail; absent: as long as spans. */
  readonly recordingsMs?: number
}

/** Which tasks are recorded for a replay, and how much room that takes. */
export interface RecordingRule {
  /** 0 to 1, by the task's id: every gateway chooses the same ones. */
  readonly share: number
  /** Tasks that fail are kept, whatever the share. */
  readonly failed: boolean
  readonly storeBytesMax: number
}
