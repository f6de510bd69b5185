/**
 * Runs a planned suite: what has no row yet is run, each row is durable before it counts, and killing the runner at any moment changes
 * nothing but what is left to do. The verdict is nobody's here: it is a recount of the rows (evals/gate).
 */
import { canonicalJson } from '../../core/canonical.ts'
import { digestOf, digestOfText } from '../../core/digest.ts'
import { AirworthyError, invariant } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { packCassette } from '../cassette/cassette.ts'
import type { EvalPlan, EvalRow } from '../eval-row.ts'
import type { StoredCassette } from '../port.ts'
import type { AgentUnderTest } from './agents/agent.ts'
import type { EvalKit, HeldAction } from './eval-kit.ts'
import { type HeldDesk, runTrial, type TrialCase } from './run-trial.ts'
import { simulatedParts } from './simulated-parts.ts'

export interface SuiteRun {
  readonly kind: EvalPlan['kind']
  readonly cases: readonly TrialCase[]
  readonly seed: number
  /** Absent: the pinned model. */
  readonly model?: 'cheaper'
  readonly judges: EvalPlan['judges']
  /** Trials at once. */
  readonly concurrency: number
  /** The run to go on with; undefined: a new one. */
  readonly resume?: string
  /** Ends the run early; what is running is given up and left without a row. */
  readonly signal?: AbortSignal
  readonly onPlan?: (plan: EvalPlan, done: number) => void
  readonly onRow?: (row: EvalRow) => void
}

/** Tasks that are opened, and rows that are written, in one transaction. */
const batchMax = 64
/** A task's deadline runs from when it is opened, so no more are opened at once than this much work. */
const batchWorkMs = 250
/** A row waits at most so long for others to be written with. */
const rowDelayMs = 200

/**
 * @returns the plan, with every cell run or the signal aborted.
 * @throws EVAL_RUN_UNKNOWN, EVAL_PLAN_CHANGED (a resumed run that was planned otherwise), STORE_UNAVAILABLE
 */
export async function runSuite(kit: EvalKit, agent: AgentUnderTest, suite: SuiteRun): Promise<EvalPlan> {
  const plan = await planned(kit, suite)
  const done = new Set(await kit.store.cellsDone(plan.run))
  suite.onPlan?.(plan, done.size)
  const open = plan.cells.map((_cell, index) => index).filter((index) => !done.has(index))
  const isAlone = (index: number): boolean => suite.cases[index]?.isExclusive === true
  const rows = new RowWriter(kit, suite)
  const desk = heldDesk(kit)
  const pace = newPace()
  const runThrough = async (left: readonly number[], concurrency: number): Promise<void> => {
    let next = 0
    const takeBatch = async (): Promise<readonly Opened[]> => {
      const most = Math.floor((batchWorkMs * concurrency) / pace.msEach())
      const indexes = left.slice(next, next + Math.min(batchMax, Math.max(concurrency, most)))
      next += indexes.length
      return indexes.length === 0 ? [] : await openBatch(kit, suite, indexes)
    }
    // Batches are opened one after another; their trials run side by side.
    let batch: Opened[] = []
    let opening: Promise<void> | undefined
    const take = async (): Promise<Opened | undefined> => {
      while (batch.length === 0) {
        if (next >= left.length && opening === undefined) return undefined
        opening ??= takeBatch().then((taken) => {
          batch = [...taken]
          opening = undefined
        })
        await opening
      }
      return batch.shift()
    }
    const isAborted = (): boolean => suite.signal?.aborted === true
    const worker = async (): Promise<void> => {
      while (!isAborted()) {
        const opened = await take()
        if (opened === undefined) return
        const { index, trial } = opened
        const { row, reply } = await runTrial(kit, agent, desk, plan.run, index, trial, opened, suite.signal)
        const cassette = cassetteOf(kit, plan, opened, reply, row.atMs)
        // What an interruption cut short says nothing about the agent: it is run again.
        if (isAborted() && row.state !== 'passed') return
        pace.note(row.durationMs)
        await rows.add(row, cassette)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  }
  try {
    await runThrough(
      open.filter((index) => !isAlone(index)),
      suite.concurrency,
    )
    await runThrough(open.filter(isAlone), 1)
  } finally {
    desk.close()
    await rows.close()
  }
  return plan
}

async function planned(kit: EvalKit, suite: SuiteRun): Promise<EvalPlan> {
  const cells = suite.cases.map(({ cell }) => cell)
  const earlier = suite.resume === undefined ? undefined : await kit.store.readPlan(suite.resume)
  if (suite.resume !== undefined && earlier === undefined) {
    throw new AirworthyError({
      code: 'EVAL_RUN_UNKNOWN',
      message: `There is no run ${suite.resume} in this store.`,
      mend: 'Take an id that `airworthy eval run` printed, or leave --resume out.',
    })
  }
  const plan: EvalPlan = {
    run: earlier?.run ?? kit.newId('run'),
    kind: suite.kind,
    agent: kit.manifest.agent,
    release: kit.release,
    environment: kit.environment,
    mode: kit.mode,
    ...(suite.model === undefined ? {} : { model: suite.model }),
    dataset: digestOf(cells.map(({ case: id, digest, trial }) => ({ case: id, digest, trial }))),
    seed: suite.seed,
    createdMs: earlier?.createdMs ?? kit.clock(),
    judges: suite.judges,
    simulated: simulatedParts(kit.manifest, suite.cases, suite.judges.length > 0),
    cells,
  }
  await kit.store.writePlan({
    plan,
    entry: {
      id: kit.newId('ent'),
      timeMs: kit.clock(),
      kind: 'eval-planned',
      actor: runner,
      agent: plan.agent,
      release: plan.release,
      environment: plan.environment,
      mode: plan.mode,
      object: plan.run,
      details: {
        plan: digestOfText(canonicalJson(plan as unknown as JsonObject)),
        cells: cells.length,
        kind: plan.kind,
      },
    },
  })
  return plan
}

const runner = { kind: 'kit', id: 'eval-runner', verifiedBy: 'kit' } as const

interface Opened {
  readonly index: number
  readonly trial: TrialCase
  readonly task: string
  readonly token: string
  readonly traceId: string
}

async function openBatch(
  kit: EvalKit,
  { cases, model }: SuiteRun,
  indexes: readonly number[],
): Promise<readonly Opened[]> {
  const trials = indexes.map((index) => cases[index] as TrialCase)
  const opened = await kit.openTasks(
    trials.map(({ principal, input, turns, type }) => ({
      principal,
      input: input ?? [...(turns ?? [])],
      ...(type === undefined ? {} : { type }),
      ...(model === 'cheaper' ? { cheaper: true as const } : {}),
    })),
  )
  return opened.map((one, at) => ({ ...one, index: indexes[at] as number, trial: trials[at] as TrialCase }))
}

/** Gathers rows, closes their tasks and writes both, each batch in one transaction. */
class RowWriter {
  readonly #kit: EvalKit
  readonly #suite: SuiteRun
  #rows: EvalRow[] = []
  #cassettes: StoredCassette[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(kit: EvalKit, suite: SuiteRun) {
    this.#kit = kit
    this.#suite = suite
  }

  async add(row: EvalRow, cassette: StoredCassette | undefined): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#rows.push(row)
    if (cassette !== undefined) this.#cassettes.push(cassette)
    if (this.#rows.length >= batchMax) await this.#flush()
    else this.#timer ??= setTimeout(() => void this.#flush().catch(() => {}), rowDelayMs)
  }

  async close(): Promise<void> {
    await this.#flush()
    if (this.#failure !== undefined) throw this.#failure
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rows = this.#rows
    const cassettes = this.#cassettes
    this.#rows = []
    this.#cassettes = []
    this.#writing = this.#writing
      .then(() => this.#write(rows, cassettes))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
    return this.#writing
  }

  async #write(rows: readonly EvalRow[], cassettes: readonly StoredCassette[]): Promise<void> {
    if (rows.length === 0) return
    const kit = this.#kit
    // Before the rows: a failure that is on record can be replayed.
    if (cassettes.length > 0) await kit.store.keepCassettes(cassettes)
    await kit.closeTasks(rows.flatMap(({ task }) => (task === undefined ? [] : [task])))
    const entries = rows.map((row) => ({
      id: kit.newId('ent'),
      timeMs: row.atMs,
      kind: 'eval-judged' as const,
      actor: runner,
      agent: kit.manifest.agent,
      release: kit.release,
      environment: kit.environment,
      mode: kit.mode,
      object: row.run,
      ...(row.task === undefined ? {} : { task: row.task }),
      ...(row.traceId === undefined ? {} : { traceId: row.traceId }),
      details: {
        row: digestOfText(canonicalJson(row as unknown as JsonObject)),
        cell: row.cell,
        case: row.case,
        state: row.state,
        ...(row.category === undefined ? {} : { category: row.category }),
      },
    }))
    await kit.store.appendRows({ rows, entries })
    for (const row of rows) this.#suite.onRow?.(row)
  }
}

/** Everything that a replay of the trial needs; undefined where nothing passed between agent and kit. */
function cassetteOf(
  kit: EvalKit,
  plan: EvalPlan,
  opened: Opened,
  reply: string | undefined,
  atMs: number,
): StoredCassette | undefined {
  const exchanges = kit.exchangesOf(opened)
  if (exchanges.length === 0) return undefined
  const { principal, input, turns } = opened.trial
  const body = packCassette({
    version: 1,
    task: opened.task,
    agent: plan.agent,
    release: plan.release,
    given: {
      principal: { id: principal.id, attributes: principal.attributes },
      ...(input === undefined ? {} : { input }),
      ...(turns === undefined ? {} : { turns }),
    },
    exchanges,
    ...(reply === undefined ? {} : { reply }),
  })
  return { task: opened.task, body, atMs }
}

/** How long trials take, the later ones counting more. */
function newPace() {
  let ms = batchWorkMs
  return {
    note: (durationMs: number): void => {
      ms = 0.8 * ms + 0.2 * durationMs
    },
    msEach: (): number => Math.max(ms, 0.1),
  }
}

function heldDesk(kit: EvalKit): HeldDesk & { close(): void } {
  const listeners = new Map<string, (held: HeldAction) => void>()
  const stop = kit.onHeld((held) => listeners.get(held.task)?.(held))
  return {
    watch(task, listener) {
      invariant(!listeners.has(task), 'a task belongs to one trial')
      listeners.set(task, listener)
      return () => void listeners.delete(task)
    },
    close: stop,
  }
}
