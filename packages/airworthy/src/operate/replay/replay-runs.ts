/**
 * Sends every call of recorded runs through the guard, in order, with the task's growing state, and executes nothing: the upstream
 * answers with what the record says came back. So a manifest is tried on traffic that really happened.
 *
 * What a replay cannot know it says (`notes`): who would have approved, what an auth check would have said, what the agent would
 * have done next had a call been denied.
 */
import { digestOf } from '../../core/digest.ts'
import { newId } from '../../core/ids.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { EffectiveManifest, EffectiveTool } from '../../core/manifest/effective.ts'
import type { Principal } from '../../core/principal.ts'
import { fingerprintsOf } from '../../data/provenance.ts'
import type { ActionAnswer, ActionRequest } from '../../guard/answer.ts'
import { buildGuard } from '../../guard/build-guard.ts'
import type { Guard } from '../../guard/guard.ts'
import { govern } from '../../guard/pipeline.ts'
import type { FactBody, IdPrefix, TaskRecord, UpstreamOutcome } from '../../guard/port.ts'
import { labelResult, type ResultSource } from '../../guard/steps/label-result.ts'
import { taskStateOf } from '../../guard/task-state.ts'
import type { LoadedPolicies } from '../../policy/guard-policies.ts'
import type { RecordedCall, RecordedRun } from '../../telemetry/recorded-run.ts'
import { decideApproval } from '../approvals/decide.ts'
import { registerRelease } from '../releases/register.ts'
import { openTask } from '../tasks/open-task.ts'
import { observedStore } from './observed-store.ts'
import type { AnswerCheck, ReplayStore } from './port.ts'
import { type Replay, type ReplayedCall, type ReplayedRun, totalsOf } from './replay.ts'

export interface ReplayRequest {
  readonly manifest: EffectiveManifest
  readonly policies: LoadedPolicies
  readonly runs: readonly RecordedRun[]
  /** Opens an empty store in memory; the replay closes it, and takes a fresh one now and then so that memory stays bounded. */
  readonly openStore: () => ReplayStore
  /** On whose behalf runs ran whose record does not say it; its attributes also fill in those that a record lacks. */
  readonly principal?: { readonly id?: string; readonly attributes?: JsonObject }
  /** Asked where the record does not know what an auth check said. */
  readonly answerCheck?: AnswerCheck
}

/** Every run is a task of its own at this moment; replays know no other time, so deadlines never pass and nothing expires. */
const replayMs = Date.UTC(2026, 0, 1)
const callsPerStoreMax = 5_000
/** The first ones tell what is wrong. */
const faultsMax = 20
/** Stands for the server of tools that the caller runs itself, so that their results are settled like all others. */
const recordServer = 'record'
const unknownPrincipal = 'unknown'

/**
 * @returns each run's calls with decision, reasons and determining policies, in the order given. Nothing is executed, no server is
 *   asked, nothing outlives it. @throws what `openStore` throws.
 */
export async function replayRuns(request: ReplayRequest): Promise<Replay> {
  const { manifest, runs, openStore } = request
  const replayed: ReplayedRun[] = []
  const faults: string[] = []
  const onFault = (error: unknown): void => {
    if (faults.length < faultsMax) faults.push(error instanceof Error ? error.message : String(error))
  }
  let replayer: Replayer | undefined
  try {
    for (const run of runs) {
      if (replayer !== undefined && replayer.calls >= callsPerStoreMax) {
        await replayer.store.close()
        replayer = undefined
      }
      replayer ??= await openReplayer(request, openStore(), onFault)
      replayed.push(await replayer.replay(run))
    }
  } finally {
    await replayer?.store.close()
  }
  const withoutResult = runs.reduce((count, { calls }) => count + calls.filter(lacksResult).length, 0)
  return { runs: replayed, totals: totalsOf(replayed, withoutResult), notes: notesOf(manifest), faults }
}

function notesOf(manifest: EffectiveManifest): readonly string[] {
  return [
    'No tool was executed. A tool answers with its recorded result, whatever redaction or a filter made of the arguments.',
    'A held call counts as held, and then as approved and executed as recorded, so that the task goes on.',
    'A denied call did not execute; the agent of the record went on all the same, so what it brought still counts as seen.',
    'An auth check that the record does not answer counts as unknown, and its call is judged as if it had said yes.',
    ...(manifest.principal.jwt === undefined ? [] : ['Principals are taken from the record; no token was verified.']),
    'Deadlines and expiry are not judged: a replay has no time.',
  ]
}

interface Replayer {
  readonly store: ReplayStore
  readonly calls: number
  replay(run: RecordedRun): Promise<ReplayedRun>
}

/** What is being replayed now; the guard's ports answer from it. */
interface Current {
  readonly run: RecordedRun
  readonly call: RecordedCall
  readonly tool: string
  readonly principalId: string
  readonly unknownChecks: Set<string>
}

async function openReplayer(
  request: ReplayRequest,
  store: ReplayStore,
  onFault: (error: unknown) => void,
): Promise<Replayer> {
  const { policies, answerCheck } = request
  const manifest = {
    ...request.manifest,
    tools: request.manifest.tools.map((tool) => ({ ...tool, server: tool.server ?? recordServer })),
  }
  const digests = new Map(manifest.tools.map((tool) => [`${tool.server}\n${tool.upstreamName}`, tool.definitionDigest]))
  const observed = observedStore(store.guard)
  const clock = (): number => replayMs
  const idOf = (prefix: IdPrefix): string => newId(prefix, replayMs)
  let current: Current | undefined
  let calls = 0

  const release = digestOf({ manifest: manifest.manifestDigest ?? manifest.agent, policies: policies.digest })
  const environment = 'dev'
  await registerRelease(store.releases, {
    agent: manifest.agent,
    environment,
    digest: release,
    pins: {},
    actor: { kind: 'kit', id: 'replay', verifiedBy: 'kit' },
    clock,
    newId: idOf,
  })
  const guard: Guard = buildGuard({
    manifest,
    policies,
    release,
    environment,
    mode: 'enforce',
    notReady: undefined,
    // Nothing that a service would accept may come out of a replay.
    permitKey: undefined,
    fingerprintKey: 'replay',
    owner: 'replay',
    ports: {
      store: observed.store,
      authChecks: {
        async ask({ name }) {
          if (current === undefined) return { kind: 'unavailable', why: 'nothing is being replayed' }
          const { run, call, tool, principalId, unknownChecks } = current
          const said = call.authChecks?.[name] ?? answerCheck?.({ check: name, run, call, tool, principalId })
          if (said === undefined) unknownChecks.add(name)
          return said === false ? { kind: 'denied', why: 'the record says so' } : { kind: 'allowed' }
        },
      },
      upstream: {
        async offeredDigest(server, upstreamName) {
          const definitionDigest = digests.get(`${server}\n${upstreamName}`)
          return definitionDigest === undefined ? { kind: 'missing' } : { kind: 'offered', definitionDigest }
        },
        call: async () => outcomeOf(current?.call),
        reconcile: async () => ({ state: 'unknown' }),
      },
      clock,
      newId: idOf,
    },
    onFault,
  })
  const nameOf = toolNames(manifest.tools)

  async function replayCall(task: TaskRecord, run: RecordedRun, call: RecordedCall): Promise<ReplayedCall> {
    calls++
    const tool = nameOf(call.tool)
    const unknownChecks = new Set<string>()
    current = { run, call, tool, principalId: task.principal.id, unknownChecks }
    const question: ActionRequest = {
      task: task.id,
      tool,
      arguments: call.arguments,
      // The same call again is another call of the record, never a retry of ours.
      idempotencyKey: `${call.index}`,
      door: 'embedded',
    }
    const answer = await govern(guard, question)
    const seen = observed.seenOf(answer.action)
    const isExecuted = answer.decision === 'confirm' ? await approveAndExecute(question, answer) : isSettled(answer)
    if (!isExecuted) await learn(task, sourceFacts(guard, tool, call))
    return {
      index: call.index,
      tool,
      decision: answer.decision,
      reasons: answer.reasons,
      policies: seen?.policies ?? [],
      roles: answer.approval?.roles ?? [],
      labels: seen?.labels ?? [],
      untrusted: seen?.untrusted ?? [],
      unknownChecks: [...unknownChecks],
    }
  }

  /**
   * The rest of the run followed a call that was executed, so the task goes on as if it had been approved.
   * @returns false when the guard refuses it even so
   */
  async function approveAndExecute(question: ActionRequest, answer: ActionAnswer): Promise<boolean> {
    if (answer.approval === undefined || answer.action === undefined) return false
    await decideApproval(store.approvals, {
      id: answer.approval.id,
      decision: 'approved',
      approver: {
        name: 'airworthy-replay',
        roles: answer.approval.roles,
        credentialId: 'replay',
        verifiedBy: 'simulated',
      },
      atMs: replayMs,
      newId: idOf,
    })
    const [action, approval] = await Promise.all([
      store.guard.readAction(answer.action),
      store.guard.readApproval(answer.approval.id),
    ])
    if (action === undefined || approval === undefined) return false
    return isSettled(await govern(guard, { ...question, door: 'approval' }, { action, approval }))
  }

  async function learn(task: TaskRecord, facts: readonly FactBody[]): Promise<void> {
    if (facts.length === 0) return
    await store.guard.learn({
      task: task.id,
      facts,
      entry: {
        id: idOf('ent'),
        timeMs: replayMs,
        kind: 'resource-relayed',
        actor: { kind: 'kit', id: 'replay', verifiedBy: 'kit' },
        task: task.id,
      },
    })
  }

  return {
    store,
    get calls() {
      return calls
    },
    async replay(run) {
      const { task } = await openTask(guard, store.tasks, {
        principal: principalOf(run, request),
        openedBy: 'embedded',
      })
      const replayed: ReplayedCall[] = []
      let heard = 0
      for (const call of run.calls) {
        for (; heard < call.afterMessages; heard++) {
          const message = run.messages[heard]
          if (message === undefined || message.role === 'assistant') continue
          const values = fingerprintsOf(message.text, guard.fingerprintKey, true)
          if (values.length > 0) await learn(task, [{ kind: 'source', source: message.role, trusted: true, values }])
        }
        replayed.push(await replayCall(task, run, call))
      }
      return { id: run.id, name: run.name, calls: replayed }
    },
  }
}

function principalOf(run: RecordedRun, { principal }: ReplayRequest): Principal {
  return {
    id: run.principal?.id ?? principal?.id ?? unknownPrincipal,
    attributes: { ...principal?.attributes, ...run.principal?.attributes },
    verifiedBy: 'asserted_by_agent',
  }
}

/** The manifest's name of a recorded tool: by `upstream_name` where that names one tool alone, else by its own name. */
function toolNames(tools: readonly EffectiveTool[]): (recorded: string) => string {
  const byUpstream = new Map<string, string | undefined>()
  for (const { name, upstreamName } of tools)
    byUpstream.set(upstreamName, byUpstream.has(upstreamName) ? undefined : name)
  return (recorded) => byUpstream.get(recorded) ?? recorded
}

/** The tool was called, and what came back is a source of the task's by now. */
function isSettled({ state }: ActionAnswer): boolean {
  return state === 'succeeded' || state === 'failed'
}

function lacksResult({ result, error }: RecordedCall): boolean {
  return result === undefined && error === undefined
}

/** A call whose result the record lacks has answered with nothing; calling it in doubt would deny what came after it. */
function outcomeOf(call: RecordedCall | undefined): UpstreamOutcome {
  return { kind: 'answered', isError: call?.error !== undefined, result: resultOf(call) }
}

/** As an MCP server would send it: the record's text, or its value as structured content. */
function resultOf(call: RecordedCall | undefined): JsonObject {
  const texts = [call?.result, call?.error].filter((part): part is string => typeof part === 'string' && part !== '')
  const structured: JsonValue | undefined = typeof call?.result === 'string' ? undefined : call?.result
  return {
    content: texts.map((text) => ({ type: 'text', text })),
    ...(structured === undefined || structured === null
      ? {}
      : { structuredContent: isJsonObject(structured) ? structured : { result: structured } }),
  }
}

/** What a result that the guard would not have let happen leaves behind in the agent's mind. */
function sourceFacts(guard: Guard, name: string, call: RecordedCall): readonly FactBody[] {
  const source: ResultSource = guard.tools.get(name) ?? {
    name,
    data: { in: [], out: [], trusted: false, declared: false },
  }
  const { facts } = labelResult(guard, taskStateOf([]), source, resultOf(call), 'no-pseudonyms')
  return facts.filter(({ kind }) => kind === 'source')
}
