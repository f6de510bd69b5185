/**
 * The one place where parts are built and joined: manifest, policies, guard, store, audit log, upstreams. Whoever has a kit
 * (the server, the CLI, a program that embeds one) asks it; no part knows another by itself.
 */
import { hkdfSync } from 'node:crypto'
import type { AuditActor } from './audit/entry.ts'
import { noteSigner } from './audit/note.ts'
import { consistencyProof } from './audit/prove.ts'
import { type SealedEntry, sealEntry } from './audit/seal-entry.ts'
import { AirworthyError, invariant, throwFaults } from './core/errors.ts'
import { sha256Hex } from './core/hash.ts'
import { newId } from './core/ids.ts'
import type { JsonValue } from './core/json.ts'
import type { EffectiveManifest, EffectiveTool } from './core/manifest/effective.ts'
import type { Principal } from './core/principal.ts'
import { printable } from './core/printable.ts'
import { releaseOf } from './core/release.ts'
import type { TraceContext } from './core/trace-context.ts'
import type { ActionAnswer, ActionRequest } from './guard/answer.ts'
import { buildGuard } from './guard/build-guard.ts'
import type { Guard, GuardEvent, Mode } from './guard/guard.ts'
import { type GuardSteps, govern, guardSteps, type StopPoint } from './guard/pipeline.ts'
import type { ActionRecord, ApprovalRecord, AuthCheckPort, GuardPorts, IdPrefix, TaskRecord } from './guard/port.ts'
import { answerOfRecord } from './guard/recorded-answer.ts'
import { checkRelay, receiveRelayed, receiveRelayedError } from './guard/relay.ts'
import { redactedForModel } from './guard/steps/label-result.ts'
import { awaitAction } from './operate/actions/await-action.ts'
import { actionChanges } from './operate/actions/changes.ts'
import { type Outcome, reportOutcome } from './operate/actions/report-outcome.ts'
import { runningActions } from './operate/actions/running.ts'
import { type KitWatcher, kitWatchers } from './operate/actions/watchers.ts'
import { type Alerting, createAlerting } from './operate/alerts/alerting.ts'
import { type CheckpointDelivery, deliverCheckpoints } from './operate/anchors/deliver-checkpoints.ts'
import { anchorsOf } from './operate/anchors/from-manifest.ts'
import { approvedActions } from './operate/approvals/approved-actions.ts'
import { type Approver, decideApproval } from './operate/approvals/decide.ts'
import { originOfAgent } from './operate/audit/origin.ts'
import { proveFromTiles } from './operate/audit/prove-from-tiles.ts'
import { latencyObjective, readTaskLatency } from './operate/budgets/latency-objective.ts'
import { escalateOpenEnds, openEndsMemory } from './operate/escalations/escalate-open-ends.ts'
import { type HumanQueue, humanQueue } from './operate/escalations/human-queue.ts'
import { noticesOf } from './operate/escalations/notice.ts'
import type { EscalationRecord } from './operate/escalations/port.ts'
import { killPortsOf } from './operate/halts/kill-ports.ts'
import { engageKill, type KillReport, liftKill } from './operate/halts/kill-switch.ts'
import { withOwnKills } from './operate/halts/own-kills.ts'
import { createCredential, type NewCredential, revokeCredential } from './operate/keys/credentials.ts'
import { type KitKeys, readKitKeys, temporaryKitKeys } from './operate/keys/key-folder.ts'
import type { CredentialRecord } from './operate/keys/port.ts'
import {
  type AskedModelCall,
  governedModel,
  type ModelDecision,
  type ModelDenial,
  type ModelOutcome,
  type ModelPassage,
} from './operate/model/model-call.ts'
import { readProject } from './operate/onboard/read-project.ts'
import { expireRecordings } from './operate/recordings/expire-recordings.ts'
import { type Forgetting, type ForgottenTask, forgetTask } from './operate/recordings/forget-task.ts'
import { byMinute } from './operate/recovery/by-minute.ts'
import { newOwner } from './operate/recovery/owner.ts'
import { rounds } from './operate/recovery/rounds.ts'
import { sweep, sweepMemory } from './operate/recovery/sweep.ts'
import { loadCachedPolicies } from './operate/releases/policy-cache.ts'
import { registerRelease } from './operate/releases/register.ts'
import { createSequencer, type Sequencer } from './operate/sequencer/sequencer.ts'
import { idleTaskSweep } from './operate/tasks/close-idle.ts'
import { type OpenedTask, openTask } from './operate/tasks/open-task.ts'
import { type ClaimedPrincipal, principalVerifier } from './operate/tasks/verify-principal.ts'
import { exportSpans, type SpanExporter } from './operate/traces/export-spans.ts'
import { exportTargetOf } from './operate/traces/export-target.ts'
import { type KitSpans, kitSpans } from './operate/traces/kit-spans.ts'
import { retentionLoop } from './operate/traces/retention.ts'
import { sendSpans } from './operate/traces/send-spans.ts'
import { tracedActions } from './operate/traces/traced-actions.ts'
import { checkContextOf } from './operate/verdict/check-context.ts'
import type { CheckContext } from './operate/verdict/port.ts'
import { runCheck, runDrills } from './operate/verdict/run-check.ts'
import type { Evidence } from './readiness/evidence.ts'
import type { Verdict } from './readiness/verdict.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import type { SpanRecord } from './telemetry/span.ts'
import { httpAuthChecks } from './upstream/auth-check.ts'
import { createMcpUpstream, type McpUpstream } from './upstream/mcp-upstream.ts'
import { askProvider, type ProviderAnswer, type ProviderRequest, providerOf } from './upstream/model-provider.ts'
import { offeredTools } from './upstream/offered-tools.ts'
import type { RelayAnswer, RelayCall } from './upstream/relay.ts'
import { startedIn } from './upstream/started-in.ts'

export interface KitOptions {
  /** Folder with airworthy.yaml, airworthy.lock and policies/. */
  readonly project: string
  /** The kit's own folder, or `:memory:`. */
  readonly dir: string
  /** `postgres://...`: a store that many gateways share; without it the store is in `dir`. */
  readonly db?: string | undefined
  readonly environment?: string
  readonly mode?: Mode
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clock?: () => number
  /** One line each, for people; never values of arguments. */
  readonly log?: (line: string) => void
  /** False leaves out permits; shown in `settings`. */
  readonly permits?: boolean
  readonly onEvent?: (event: GuardEvent) => void
  /** Replacements of the ways out, for tests and replays. */
  readonly upstream?: Pick<McpUpstream, 'offeredDigest' | 'call' | 'reconcile'> &
    Partial<Pick<McpUpstream, 'relay' | 'close'>>
  readonly authChecks?: AuthCheckPort
  /** The replacements are worlds of evals: nothing real is reached, and nobody is told of anything. */
  readonly isSandboxed?: boolean
  readonly stopAt?: StopPoint
  /** Mutants of single steps, for the tests that must fail with them. */
  readonly steps?: GuardSteps
}

export interface Kit {
  readonly agent: string
  readonly manifest: EffectiveManifest
  readonly environment: string
  readonly mode: Mode
  readonly guard: Guard
  readonly store: Store
  readonly keys: KitKeys
  /** The audit log's public key (`name+id+key`). */
  readonly vkey: string
  readonly sequencer: Sequencer
  readonly anchors: CheckpointDelivery
  readonly upstream: McpUpstream
  /** What writes the kit's own spans. */
  readonly spans: KitSpans
  /** Undefined: nobody asked for it. */
  readonly exporter: SpanExporter | undefined
  /** 32 bytes, for sealing what travels through a client. */
  readonly sealKey: Uint8Array
  /**
   * Begins to sequence, sweep and anchor; it waits for no action. Without `sweep` the kit executes and expires nothing by itself.
   * @throws AUDIT_LOG_INCONSISTENT
   */
  start(options?: { readonly sweep?: boolean; readonly sequence?: boolean }): Promise<void>
  /** Stops taking new work, lets what runs end (bounded), covers the log. */
  close(): Promise<void>
  /** Why the kit cannot govern now; undefined: it can. */
  unreadiness(): Promise<string | undefined>
  openTask(request: TaskRequest): Promise<OpenedTask>
  closeTask(task: string, by: string): Promise<void>
  /** @throws TASK_UNKNOWN, TASK_OPEN */
  forgetTask(request: Pick<Forgetting, 'task' | 'reason' | 'actor' | 'settle'>): Promise<ForgottenTask>
  taskOfToken(token: string): Promise<TaskRecord | undefined>
  /** Tools that the task's principal may see: may be more, never fewer, than it may call. */
  listTools(task: TaskRecord): readonly EffectiveTool[]
  act(request: ActionRequest): Promise<ActionAnswer>
  /** The action's answer when it is finished, or its state when the time is over. @throws ACTION_UNKNOWN */
  awaitAction(actionId: string, timeoutMs: number, signal: AbortSignal): Promise<ActionAnswer>
  readAction(actionId: string): Promise<ActionRecord | undefined>
  reportOutcome(actionId: string, outcome: Outcome): Promise<ActionAnswer>
  /** Reserves steps, tokens and cost of a model call, or says why not. Never throws. */
  beginModelCall(task: TaskRecord, asked: AskedModelCall, signal: AbortSignal): Promise<ModelDecision>
  /** Whether the model may be asked what costs nothing: all but budgets; undefined: it may. Never throws. */
  checkModelCall(task: TaskRecord, asked: AskedModelCall): Promise<ModelDenial | undefined>
  /** Resolves when what is looked for beside the model calls so far (tools run without the guard) is on record. */
  modelCallsJudged(): Promise<void>
  /** Settles it. @throws STORE_UNAVAILABLE; a sweep then counts all that was reserved as used. */
  endModelCall(passage: ModelPassage, outcome: ModelOutcome): Promise<void>
  /** Asks the model's provider, whose key stands in the kit's environment alone. Never throws. */
  askModel(request: Omit<ProviderRequest, 'baseUrl'>): Promise<ProviderAnswer>
  /** Relays a request that is no tool call (resources, prompts); a stopped agent gets nothing. Never throws. */
  relay(call: RelayCall & { readonly task?: TaskRecord }): Promise<RelayAnswer>
  decideApproval(decision: {
    id: string
    decision: 'approved' | 'rejected'
    approver: Approver
    comment?: string
  }): Promise<ApprovalRecord>
  /** What waits for a person who is no approver. */
  readonly escalations: HumanQueue
  kill(request: KillRequest): Promise<KillReport>
  revive(request: KillRequest): Promise<boolean>
  createKey(request: NewCredential, actor: AuditActor): Promise<{ record: CredentialRecord; key: string }>
  revokeKey(id: string, actor: AuditActor): Promise<void>
  /** Runs the probes and the drill, records their evidence and decides. `atMs` judges for another time, and runs nothing. */
  check(request: { readonly atMs?: number }): Promise<Verdict>
  /** Runs drills by name, or all of them, and records their evidence. */
  drill(names?: readonly string[]): Promise<readonly Evidence[]>
  /** Alerts, channels and schedules. */
  readonly alerting: Alerting
  /** Tells of every guard step and every answer from now on; the function that is returned ends it. A watcher decides nothing. */
  watch(watcher: KitWatcher): () => void
}

export interface TaskRequest {
  readonly principal: ClaimedPrincipal
  readonly input?: JsonValue
  readonly resumeUrl?: string
  readonly openedBy: string
  readonly trace?: TraceContext
  readonly type?: string
}

export interface KillRequest {
  /** `*`: the whole agent. */
  readonly tool: string
  readonly reason: string
  readonly actor: AuditActor
}

const shutdownMs = 10_000
/** A receiver that is away must not keep a kit from stopping. */
const exportMs = 3_000
/** JSON-RPC code of what a stopped agent asks for; from the range that the protocol leaves to servers. */
const stoppedCode = -32_011

/**
 * Builds a kit from a project folder. Nothing listens and nothing runs until `start`.
 * @throws the manifest's and policies' faults, all at once; STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER; KEY_FILE_INVALID
 */
export async function createKit(options: KitOptions): Promise<Kit> {
  const {
    dir,
    env = process.env,
    clock = Date.now,
    environment = 'dev',
    mode = 'enforce',
    log = () => {},
    steps = guardSteps,
  } = options
  const project = readProject(options.project, { env })
  throwFaults(project.faults)
  const { effective, lock } = project
  invariant(effective !== undefined && lock !== undefined, 'a project without faults has a manifest and a lock')
  const manifest: EffectiveManifest = effective

  const policies = loadCachedPolicies(manifest, dir)
  const keys = dir === ':memory:' ? temporaryKitKeys() : readKitKeys(dir, env)
  let sequencer: Sequencer | undefined
  const opened = await openStore({ dir, db: options.db }, { onAppend: () => sequencer?.wake(), log })
  const store = options.isSandboxed === true ? withOwnKills(opened) : opened
  const owner = newOwner()
  const kitActor: AuditActor = { kind: 'kit', id: owner, verifiedBy: 'kit' }
  const idOf = (prefix: IdPrefix): string => newId(prefix, clock())
  const watchers = kitWatchers(log)
  if (options.onEvent !== undefined) watchers.watch({ event: options.onEvent })

  const { digest: release, pins } = releaseOf({ effective: manifest, lock, policyDigest: policies.digest })
  const notReady = await registerRelease(store.releases, {
    agent: manifest.agent,
    environment,
    digest: release,
    pins,
    actor: kitActor,
    clock,
    newId: idOf,
  })

  const servers = startedIn(options.project, manifest.servers)
  const connected = createMcpUpstream({ servers, log: (server, line) => log(`[${server}] ${printable(line)}`) })
  const upstream: McpUpstream = options.upstream === undefined ? connected : { ...connected, ...options.upstream }
  const ports: GuardPorts = {
    store: store.guard,
    authChecks: options.authChecks ?? httpAuthChecks(),
    upstream,
    clock,
    newId: idOf,
  }
  const guard = buildGuard({
    manifest,
    policies,
    release,
    environment,
    mode,
    notReady,
    permitKey: options.permits === false ? undefined : keys.permit.privateKey,
    fingerprintKey: derive(keys.seal, 'fingerprint').toString('hex'),
    owner,
    ports,
    isSandboxed: options.isSandboxed === true,
    onEvent: (event) => watchers.tell((watcher) => watcher.event?.(event)),
    onPassage: (end) => spans.passed(end),
    onFault: (error) => log(`fault in the guard: ${error instanceof Error ? error.message : String(error)}`),
  })

  const spans = kitSpans({
    guard,
    guardStore: store.guard,
    sources: store.spanSources,
    traces: store.traces,
    log,
    onWritten: (written) => exporter?.offer(written),
  })
  const target = options.isSandboxed === true ? undefined : exportTargetOf(manifest, env)
  const exporter = target && exportSpans({ send: (body) => sendSpans(target, body), log })

  const signer = noteSigner(originOfAgent(manifest.agent), keys.audit)
  const anchors = deliverCheckpoints({
    anchors: await anchorsOf(manifest, dir, {
      proveConsistency: (size1, size2) => proveFromTiles(store.audit, (read) => consistencyProof(size1, size2, read)),
      cosignatures: store.cosignatures,
    }),
    clock,
    onFailure: (_anchor, error) => log(error instanceof Error ? error.message : String(error)),
  })
  sequencer = createSequencer({
    port: store.audit,
    signer,
    onCheckpoint: (checkpoint) => anchors.offer(checkpoint),
    onError: (error) =>
      log(`the audit log could not be sequenced: ${error instanceof Error ? error.message : String(error)}`),
  })
  const covered: Sequencer = sequencer

  const running = runningActions()
  const changes = actionChanges()
  /** An action came to its end, or a step nearer to it, outside a passage. */
  const changed = (actionId: string): void => {
    changes.changed(actionId)
    spans.actionEnded(actionId)
  }
  const closeIdleTasks = idleTaskSweep(guard, store.tasks, store.spanSources, spans.taskClosed)
  const rebuildSpans = byMinute(clock, spans.rebuild)
  const verifyPrincipal = principalVerifier(manifest.principal)
  const memory = sweepMemory()
  const openEnds = openEndsMemory()
  const objective = latencyObjective(guard, () => readTaskLatency(guard, store.metrics))
  const model = governedModel(guard, store.models, running, (span) => exporter?.offer([span]))
  const approved = approvedActions({ guard, execute: governed, onChange: changes.changed, log })
  const killPorts = killPortsOf({
    guard,
    kills: store.kills,
    tasks: store.tasks,
    manifest,
    abortRunning: running.abort,
  })
  const retention = retentionLoop({
    store: store.retention,
    expireRecordings: () => expireRecordings(store.recordings, clock(), manifest.retention, manifest.recording),
    retention: manifest.retention,
    clock,
    log,
  })
  let isClosing = false

  async function act(request: ActionRequest): Promise<ActionAnswer> {
    if (isClosing) {
      return {
        state: 'denied',
        decision: 'deny',
        reasons: [{ code: 'STORE_UNAVAILABLE', message: 'The kit is stopping and takes no new actions.' }],
        next: 'wait',
        arguments: {},
        enforced: true,
      }
    }
    return await governed(request)
  }

  async function governed(request: ActionRequest, resumed?: Parameters<typeof govern>[2]): Promise<ActionAnswer> {
    const run = running.begin(manifest.agent, request.tool, request.signal)
    const beganMs = performance.now()
    try {
      const answer = await govern(guard, { ...request, signal: run.signal }, resumed, steps, options.stopAt)
      watchers.tell((watcher) => watcher.answer?.(request.tool, answer, performance.now() - beganMs))
      return answer
    } finally {
      run.end()
    }
  }

  const swept = rounds(async () => {
    await sweep(
      {
        guard,
        approvals: store.approvals,
        recovery: store.recovery,
        models: store.models,
        beginApproved: (actionId) => {
          if (!isClosing) approved.begin(actionId)
        },
        onRefused: approved.finished,
        onChange: changed,
      },
      memory,
    )
    await escalateOpenEnds({ ...store, guard, notify: tellOfEscalation }, openEnds)
    await closeIdleTasks()
    await rebuildSpans()
  }, log)

  const alerting = createAlerting({
    guard,
    store,
    folder: options.project,
    droppedSpans: () => spans.status().dropped,
    runDrills: () => runDrills(checkContext()),
    log,
  })

  const kit: Kit = {
    agent: manifest.agent,
    manifest,
    environment,
    mode,
    guard,
    store,
    keys,
    vkey: signer.vkey,
    sequencer: covered,
    anchors,
    upstream,
    sealKey: derive(keys.seal, 'request-state'),
    spans,
    exporter,

    async start({ sweep: isSweeping = true, sequence: isSequencing = true } = {}) {
      if (isSequencing) await covered.start()
      await store.audit.append(lifeEntry('kit-started'))
      if (!isSweeping) return
      retention.start()
      swept.start()
      if (options.isSandboxed !== true) alerting.watch.start()
    },

    async close() {
      if (isClosing) return
      isClosing = true
      await soon(swept.stop(), shutdownMs)
      await soon(retention.stop(), shutdownMs)
      await soon(alerting.watch.stop(), shutdownMs)
      if (!(await running.idle(shutdownMs)))
        log(`${running.count()} actions still ran when the kit stopped; they will be in doubt`)
      await upstream.close()
      await spans.close(shutdownMs)
      await exporter?.close(exportMs)
      await soon(model.idle(), shutdownMs)
      try {
        await store.audit.append(lifeEntry('kit-stopped'))
        await covered.stop()
      } catch (error) {
        // A store that is away must not keep a kit from ending; what it leaves uncovered the next leader covers.
        log(`the kit stopped without its last entry: ${error instanceof Error ? error.message : String(error)}`)
      }
      await anchors.flush(2_000)
      anchors.stop()
      await store.close()
    },

    async unreadiness() {
      try {
        await store.probe()
      } catch (error) {
        return `the store cannot be written: ${error instanceof Error ? error.message : 'unknown reason'}`
      }
      if (covered.failure !== undefined) return 'the audit log cannot be sequenced'
      return guard.notReady
    },

    async openTask({ principal, ...request }) {
      const verified: Principal = await verifyPrincipal(principal)
      const opened = await openTask(guard, store.tasks, { ...request, principal: verified })
      return { ...opened, task: await objective.begin(opened.task) }
    },

    async closeTask(task, by) {
      const entry = {
        id: idOf('ent'),
        timeMs: clock(),
        kind: 'task-closed',
        actor: { kind: 'agent', id: by, verifiedBy: 'task_token' },
        agent: manifest.agent,
        object: task,
        task,
      } as const
      if (await store.tasks.closeTask({ task, atMs: clock(), entry })) spans.taskClosed(task)
    },

    async forgetTask({ settle, ...request }) {
      const written = async (task: string): Promise<void> => {
        await Promise.all([spans.flush(), settle?.(task)])
      }
      return await forgetTask(store, { ...request, clock, newId: idOf, settle: written })
    },

    taskOfToken: (token) => store.tasks.taskByToken(sha256Hex(token)),

    listTools: (task) => manifest.tools.filter((tool) => policies.mayList(task.principal, tool.name)),

    act,

    awaitAction: (actionId, timeoutMs, signal) => awaitAction({ guard, changes, act }, actionId, timeoutMs, signal),

    readAction: (actionId) => store.guard.readAction(actionId),

    async reportOutcome(actionId, outcome) {
      const action = await reportOutcome(guard, actionId, outcome)
      changed(actionId)
      // Only the caller's own report is its collection; what an operator or a hook says, the task has yet to fetch.
      return await answerOfRecord(guard, action, outcome.by === 'caller' ? 'collect' : 'look')
    },

    beginModelCall: model.begin,
    async endModelCall(passage, outcome) {
      const written: SpanRecord[] = []
      const span: ModelOutcome['span'] = (cost) => {
        const made = outcome.span(cost)
        written.push(made)
        return made
      }
      await model.end(passage, { ...outcome, span })
      exporter?.offer(written)
    },
    checkModelCall: model.check,
    modelCallsJudged: model.idle,
    askModel: (request) => {
      const { baseUrl, headers } = providerOf(manifest, env)
      return askProvider({ ...request, baseUrl, headers: { ...request.headers, ...headers } })
    },

    async decideApproval(decision) {
      const approval = await decideApproval(store.approvals, { ...decision, atMs: clock(), newId: idOf })
      if (decision.decision === 'approved') await approved.execute(approval.actionId)
      else approved.finished(approval.actionId)
      changed(approval.actionId)
      return approval
    },

    async relay(call) {
      const run = running.begin(manifest.agent, call.method, call.signal)
      try {
        const denial = await checkRelay(guard, call)
        if (denial !== undefined)
          return { kind: 'error', code: stoppedCode, message: denial.reasons[0]?.message ?? 'Denied.' }
        const { onProgress } = call
        const answer = await upstream.relay({
          ...call,
          signal: run.signal,
          ...(onProgress === undefined ? {} : { onProgress: (told) => onProgress(redactedForModel(guard, told)) }),
        })
        if (answer.kind === 'unreachable') return answer
        if (answer.kind === 'error') return { ...answer, ...(await receiveRelayedError(guard, call, answer)) }
        return { kind: 'result', result: await receiveRelayed(guard, call, answer.result) }
      } catch (error) {
        log(`a relay failed: ${error instanceof Error ? error.message : String(error)}`)
        return { kind: 'unreachable', why: 'the store did not answer' }
      } finally {
        run.end()
      }
    },

    escalations: humanQueue(guard, store.escalations, log),

    async kill({ tool, reason, actor }) {
      if (tool !== '*' && !guard.tools.has(tool)) throw unknownTool(tool)
      return await engageKill(killPorts, { agent: manifest.agent, tool, reason, actor })
    },

    revive: ({ tool, reason, actor }) => liftKill(killPorts, { agent: manifest.agent, tool, reason, actor }),

    createKey: (request, actor) => createCredential(store.credentials, request, { actor, atMs: clock(), newId: idOf }),
    check: async (request) => (await runCheck(checkContext(), request)).verdict,
    drill: (names) => runDrills(checkContext(), names),
    alerting,

    revokeKey: (id, actor) => revokeCredential(store.credentials, id, { actor, atMs: clock(), newId: idOf }),

    watch: watchers.watch,
  }
  return kit

  async function tellOfEscalation(escalation: EscalationRecord, channels: readonly string[]): Promise<void> {
    if (options.isSandboxed !== true) await store.notifications.enqueueNotifications(noticesOf(escalation, channels))
  }

  function checkContext(): CheckContext {
    return checkContextOf({
      guard,
      tasks: store.tasks,
      approvals: store.approvals,
      evidence: store.evidence,
      evals: store.evals,
      calibrations: store.calibrations,
      models: store.models,
      escalations: store.escalations,
      metrics: store.metrics,
      flushSpans: () => spans.flush(),
      tracedActions: (limit) => tracedActions(guard, spans, store.spanSources, limit),
      log: store.audit,
      cosignatures: store.cosignatures,
      sequencer: covered,
      anchors,
      vkey: signer.vkey,
      auditKey: keys.audit,
      killPorts: killPorts,
      offered: () => offeredTools(servers),
      alerts: alerting.drilled,
    })
  }

  function lifeEntry(kind: 'kit-started' | 'kit-stopped'): SealedEntry {
    return sealEntry({
      id: idOf('ent'),
      timeMs: clock(),
      kind,
      actor: kitActor,
      agent: manifest.agent,
      release,
      environment,
      mode,
    })
  }
}

/** Waits for it, but no longer than this. */
async function soon(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

function derive(seal: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seal, '', `airworthy ${purpose}`, 32))
}

function unknownTool(tool: string): AirworthyError {
  return new AirworthyError({
    code: 'TOOL_UNLISTED',
    message: `The manifest lists no tool ${tool.slice(0, 64)}.`,
    mend: 'Name a tool of the manifest, or leave the tool out to stop the whole agent.',
  })
}
