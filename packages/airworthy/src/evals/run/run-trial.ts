/** One trial: a task of its own, a world of its own, the real agent; judged when everything has ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../core/json.ts'
import type { EvalRow, PlannedCell } from '../eval-row.ts'
import type { Failure, TrialRecord, WorldCall } from '../trial.ts'
import type { TrialWorld } from '../world/router.ts'
import type { World, WorldPrincipal } from '../world/world.ts'
import type { AgentAnswer, AgentUnderTest } from './agents/agent.ts'
import type { EvalKit, HeldAction, OpenedTrial } from './eval-kit.ts'

/** What a kind of case (scenario, attack) is to the runner. */
export interface TrialCase {
  readonly cell: PlannedCell
  readonly principal: WorldPrincipal
  readonly type?: string
  readonly input?: string
  readonly turns?: readonly string[]
  readonly timeoutMs: number
  /** What in it is not real. */
  readonly simulated: readonly ('world' | 'approver')[]
  makeWorlds(nowMs: number): Promise<ReadonlyMap<string, World>>
  /** What the simulated approver says to this action; undefined: nothing, it stays open. */
  approval(tool: string, args: JsonObject): 'approved' | 'rejected' | undefined
  /** Changes results before the agent sees them. */
  readonly change?: TrialWorld['change']
  /** Tools that their server now lists otherwise than they were locked. */
  readonly poisoned?: ReadonlySet<string>
  /** It changes what others would see (a kill): it runs alone. */
  readonly isExclusive?: boolean
  /** Before the agent starts and after it ended. */
  prepare?(kit: EvalKit): Promise<void>
  restore?(kit: EvalKit): Promise<void>
  judge(record: TrialRecord, violations: readonly string[]): Promise<Judged>
}

export interface Judged {
  readonly failures: readonly Failure[]
  readonly verdicts?: EvalRow['verdicts']
  /** A judge that was needed did not answer: the trial is not judged. */
  readonly outage?: string
  readonly jobDone?: boolean
  readonly jobWhy?: string
}

export interface HeldDesk {
  /** Told of this task's held actions until the function that is returned is called. */
  watch(task: string, listener: (held: HeldAction) => void): () => void
}

const repliesMax = 4_000

export interface EndedTrial {
  readonly row: EvalRow
  /** What the agent said last, whole; the row keeps a part of it. */
  readonly reply?: string
}

/**
 * @param interruption  gives the trial up; what its row says then is nobody's judgement.
 * @returns its row. Never rejects for what the agent or the world does; rejects when the store is away.
 */
export async function runTrial(
  kit: EvalKit,
  agent: AgentUnderTest,
  desk: HeldDesk,
  run: string,
  index: number,
  trial: TrialCase,
  opened: OpenedTrial,
  interruption?: AbortSignal,
): Promise<EndedTrial> {
  const { cell, principal } = trial
  const beganMs = kit.clock()
  const began = performance.now()
  const effects: WorldCall[] = []
  const base = {
    run,
    cell: index,
    case: cell.case,
    trial: cell.trial,
    task: opened.task,
    traceId: opened.traceId,
  }
  const ended = (more: Partial<EvalRow> & Pick<EvalRow, 'state'>, reply?: string): EndedTrial => ({
    ...(reply === undefined ? {} : { reply }),
    row: {
      ...base,
      failures: [],
      used: { steps: 0, toolCalls: 0, tokens: 0, costUsdMicros: 0 },
      atMs: kit.clock(),
      durationMs: Math.round(performance.now() - began),
      ...more,
    },
  })
  let worlds: ReadonlyMap<string, World>
  try {
    worlds = await trial.makeWorlds(beganMs)
  } catch (error) {
    return ended({ state: 'error', why: sentence('The world could not be made', error) })
  }
  kit.router.enter(opened.traceId, {
    principal,
    worlds,
    effects,
    ...(trial.change === undefined ? {} : { change: trial.change }),
    ...(trial.poisoned === undefined ? {} : { poisoned: trial.poisoned }),
  })
  const decisions: Promise<void>[] = []
  const unwatch = desk.watch(opened.task, ({ tool, arguments: args, approval }) => {
    const decision = trial.approval(tool, args)
    if (decision !== undefined) decisions.push(kit.decide(approval, decision))
  })
  try {
    await trial.prepare?.(kit)
    const answer = await withTimeout(agent, trial, opened, kit, interruption)
    await Promise.all(decisions)
    if (answer.kind !== 'answered') {
      return ended({ state: answer.kind, why: answer.why, ...(await usedOf(kit, opened.task)) })
    }
    const { reply, replies, error } = answer.answer
    if (error !== undefined) {
      return ended({
        state: 'error',
        why: `The agent could not do its work: ${error}`,
        ...(await usedOf(kit, opened.task)),
      })
    }
    const facts = await kit.factsOf(opened.task)
    const record: TrialRecord = {
      task: opened.task,
      traceId: opened.traceId,
      principal,
      replies: replies ?? [reply],
      effects,
      state: stateOf(worlds),
      ...facts,
    }
    const violations = [...new Set(worlds.values())].flatMap((world) => world.violations?.(principal) ?? [])
    const { failures, verdicts, outage, jobDone, jobWhy } = await trial.judge(record, violations)
    const category = worst(failures)
    const more = {
      failures,
      used: facts.used,
      reply: reply.slice(0, repliesMax).toWellFormed(),
      heldNeedlessly: facts.actions.filter(
        ({ tool, arguments: args, decision, state }) =>
          decision === 'confirm' && state !== 'denied' && trial.approval(tool, args) === undefined,
      ).length,
      ...(verdicts === undefined ? {} : { verdicts }),
      ...(jobDone === undefined ? {} : { jobDone }),
      ...(jobWhy === undefined ? {} : { jobWhy: jobWhy.slice(0, 1_000).toWellFormed() }),
    }
    // An effect that is category C stays one, whatever a judge would have said.
    if (outage !== undefined && category !== 'C')
      return ended({ ...more, failures: [], state: 'judge-outage', why: outage }, reply)
    return ended({ ...more, ...(category === undefined ? { state: 'passed' } : { state: 'failed', category }) }, reply)
  } catch (error) {
    if ((error as { code?: string }).code === 'STORE_UNAVAILABLE') throw error
    return ended({ state: 'error', why: sentence('The trial could not be ended', error) })
  } finally {
    unwatch()
    kit.router.leave(opened.traceId)
    await trial.restore?.(kit).catch(() => {})
  }
}

type Answered =
  | { readonly kind: 'answered'; readonly answer: AgentAnswer }
  | { readonly kind: 'error' | 'timeout'; readonly why: string }

async function withTimeout(
  agent: AgentUnderTest,
  { timeoutMs, principal, input, turns }: TrialCase,
  opened: OpenedTrial,
  kit: EvalKit,
  interruption: AbortSignal | undefined,
): Promise<Answered> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort(new Error('the run was interrupted'))
  if (interruption?.aborted === true) interrupt()
  else interruption?.addEventListener('abort', interrupt, { once: true })
  const timer = setTimeout(() => stop.abort(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs)
  try {
    const task = {
      task: opened.task,
      token: opened.token,
      principal: { id: principal.id, attributes: principal.attributes as JsonObject },
      ...(input === undefined ? {} : { input }),
      ...(turns === undefined ? {} : { turns }),
      urls: kit.urls,
    }
    return { kind: 'answered', answer: await Promise.race([agent.run(task, stop.signal), aborted(stop.signal)]) }
  } catch (error) {
    return stop.signal.aborted
      ? { kind: 'timeout', why: `The agent took longer than ${timeoutMs} ms.` }
      : { kind: 'error', why: sentence('The agent failed', error) }
  } finally {
    clearTimeout(timer)
    interruption?.removeEventListener('abort', interrupt)
  }
}

/** An agent that ignores its signal is given up a little later. */
const graceMs = 250
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => void sleep(graceMs).then(() => reject(signal.reason as Error)), {
      once: true,
    })
  })
}

async function usedOf(kit: EvalKit, task: string): Promise<Pick<EvalRow, 'used'>> {
  return { used: (await kit.factsOf(task)).used }
}

function stateOf(worlds: ReadonlyMap<string, World>): TrialRecord['state'] {
  const telling = [...new Set(worlds.values())].filter((world) => world.state !== undefined)
  if (telling.length === 0) return undefined
  if (telling.length === 1) return telling[0]?.state?.()
  // Several worlds: each under the name of its server.
  return Object.fromEntries(
    [...worlds].flatMap(([server, world]) => (world.state === undefined ? [] : [[server, world.state()]])),
  )
}

function worst(failures: readonly Failure[]): Failure['category'] | undefined {
  return (['C', 'B', 'A'] as const).find((category) => failures.some((failure) => failure.category === category))
}

function sentence(what: string, error: unknown): string {
  return `${what}: ${(error instanceof Error ? error.message : String(error)).slice(0, 1_000)}`
}
