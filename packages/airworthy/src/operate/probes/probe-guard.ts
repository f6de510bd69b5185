/** A variant of the kit's guard that leaves only the check under test in the way; its ways out are recorders. */
import { type DataClass, dataClasses } from '../../core/action.ts'
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type {
  AuthCheck,
  BudgetRule,
  DataRule,
  EffectiveManifest,
  EffectiveTool,
} from '../../core/manifest/effective.ts'
import type { Principal } from '../../core/principal.ts'
import { argumentValidator } from '../../guard/argument-validator.ts'
import type { Guard } from '../../guard/guard.ts'
import type { AuthCheckPort, UpstreamCall } from '../../guard/port.ts'
import { type LoadedPolicies, loadGuardPolicies } from '../../policy/guard-policies.ts'
import { type Recorder, recordingUpstream, yesToAll } from './recorder.ts'

/** The checks of a tool that a variant keeps; everything else about it says yes. */
type KeptCheck = 'schema' | 'auth-checks' | 'confirm'

export interface ProbeGuard {
  readonly guard: Guard
  readonly recorder: Recorder
}

export interface ProbeGuardOptions {
  /** As they are in the manifest, or planted. */
  readonly tools: readonly EffectiveTool[]
  readonly keep?: KeptCheck
  /** `openPolicies` when left out. */
  readonly policies?: LoadedPolicies
  readonly authChecks?: AuthCheckPort
  /** Replaces the manifest's auth checks. */
  readonly authCheckRules?: Readonly<Record<string, AuthCheck>>
  readonly onCall?: (call: UpstreamCall) => Promise<void>
}

export function probeGuard(base: Guard, options: ProbeGuardOptions): ProbeGuard {
  const tools = options.tools.map((tool) => clearedTool(tool, options.keep))
  const recorder = recordingUpstream(tools, options.onCall)
  const { onEvent: _, ...kept } = base
  const guard: Guard = {
    ...kept,
    // A release that waits for its GO is probed before it may run.
    notReady: undefined,
    manifest: clearedManifest(base.manifest, tools, options.authCheckRules),
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    policies: options.policies ?? openPolicies(base, tools),
    // Compiled validators are kept by tool name, so a variant needs its own.
    validator: argumentValidator(),
    // Nothing that a service would accept may come out of a probe.
    permitKey: undefined,
    ports: { ...base.ports, upstream: recorder.port, authChecks: options.authChecks ?? yesToAll },
  }
  return { guard, recorder }
}

/** One unscoped permit, and tools whose arguments the policies do not look at. */
export function openPolicies(base: Guard, tools: readonly { readonly name: string }[]): LoadedPolicies {
  return loadGuardPolicies({
    agent: base.manifest.agent,
    principalAttributes: {},
    tools: tools.map(({ name }) => ({ name, inputSchema: closedSchema })),
    sources: [{ file: 'probe', text: openPermit }],
  })
}

export const openPermit = 'permit (principal, action, resource);'
const closedSchema: JsonObject = { type: 'object', properties: {}, additionalProperties: false }

/** The one on whose behalf probes ask; nobody verified it. */
export const probePrincipal: Principal = { id: 'airworthy-probe', attributes: {}, verifiedBy: 'asserted_by_agent' }

/** Where a tool that the caller runs itself is sent in a probe, so that every tool is seen by the recorder. */
const recorderServer = 'airworthy-probe'

/** A tool that stands in where the manifest has none of a kind: no control passes on an empty set. */
export function plantedTool(base: Guard, more: Partial<EffectiveTool> = {}): EffectiveTool {
  const name = freeToolName(base, 'airworthy_probe_planted')
  return {
    name,
    server: recorderServer,
    upstreamName: name,
    description: 'A tool that exists in a probe alone.',
    effect: 'write',
    reach: 'internal',
    inputSchema: {
      type: 'object',
      properties: { note: { type: 'string', maxLength: 64 }, amount: { type: 'integer', minimum: 0, maximum: 10 } },
      required: ['note'],
      additionalProperties: false,
    },
    unbounded: [],
    definitionDigest: digestOf({ planted: name }),
    destinations: [],
    authChecks: [],
    data: { in: [], out: [], trusted: true, declared: true },
    costUsdMicros: 0,
    timeoutMs: 10_000,
    ...more,
  }
}

/** A name that the manifest does not use. */
export function freeToolName(base: Guard, wanted: string): string {
  let name = wanted
  while (base.tools.has(name)) name = `${name}_`
  return name
}

function clearedTool(tool: EffectiveTool, keep: KeptCheck | undefined): EffectiveTool {
  const { confirm, reconcile: _, ...rest } = tool
  const keepsConfirm = keep === 'confirm'
  return {
    ...rest,
    server: tool.server ?? recorderServer,
    costUsdMicros: 0,
    // An irreversible tool is held whatever else it says.
    effect: tool.effect === 'irreversible' && !keepsConfirm ? 'write' : tool.effect,
    inputSchema: keep === 'schema' ? tool.inputSchema : { type: 'object' },
    authChecks: keep === 'auth-checks' ? tool.authChecks : [],
    ...(keepsConfirm && confirm !== undefined ? { confirm } : {}),
  }
}

function clearedManifest(
  manifest: EffectiveManifest,
  tools: readonly EffectiveTool[],
  authCheckRules: Readonly<Record<string, AuthCheck>> = manifest.authChecks,
): EffectiveManifest {
  const { budgets } = manifest
  const unlimited = (rule: BudgetRule): BudgetRule => ({ ...rule, limit: Number.MAX_SAFE_INTEGER })
  const open = (dataClass: DataClass): DataRule => ({
    ...manifest.data[dataClass],
    beforeRetrieval: 'allow',
    beforeModel: 'allow',
    beforeExport: 'allow',
  })
  return {
    ...manifest,
    tools,
    authChecks: authCheckRules,
    retrieval: {},
    data: Object.fromEntries(dataClasses.map((each) => [each, open(each)])) as Record<DataClass, DataRule>,
    budgets: {
      ...budgets,
      maxToolCalls: unlimited(budgets.maxToolCalls),
      maxCostUsdMicros: unlimited(budgets.maxCostUsdMicros),
      deadlineMs: unlimited(budgets.deadlineMs),
    },
  }
}
