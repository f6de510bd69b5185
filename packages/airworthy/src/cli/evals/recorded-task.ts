/** A governed task as the ledger has it: who, what was asked for, each action with what came of it. */
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvalPlan, EvalRow } from '../../evals/eval-row.ts'
import { actionsOfEntries } from '../../evals/run/task-facts.ts'
import type { TrialAction } from '../../evals/trial.ts'
import type { ActionRecord, TaskRecord } from '../../guard/port.ts'
import { givenOf, inputOfTask, readCassette } from '../../operate/recordings/read-cassette.ts'
import type { Store } from '../../store/store.ts'

export interface RecordedTask {
  readonly task: TaskRecord
  /** What the user said, turn by turn. */
  readonly turns: readonly string[]
  readonly actions: readonly RecordedAction[]
  /** What the agent said last, where somebody kept it. */
  readonly reply?: string
  /** Where the task was a trial. */
  readonly trial?: { readonly plan: EvalPlan; readonly row: EvalRow }
}

export interface RecordedAction extends TrialAction {
  /** What the tool answered, before the guard labelled it; undefined where it was not called, or its result was erased. */
  readonly result?: JsonObject
}

const entriesMax = 5_000
/** Runs further back are not looked through. */
const plansMax = 200

/** @throws TASK_UNKNOWN; CASSETTE_UNKNOWN when what it was asked for is not on record, or no longer */
export async function recordedTask(store: Store, id: string, manifest: EffectiveManifest): Promise<RecordedTask> {
  const task = await store.guard.readTask(id, Number.MAX_SAFE_INTEGER)
  if (task === undefined) {
    throw new AirworthyError({
      code: 'TASK_UNKNOWN',
      message: `There is no task ${id.slice(0, 64)} in this store.`,
      mend: 'Take an id that `airworthy trace ls` or `airworthy eval run --json` shows.',
    })
  }
  const texts = (await store.audit.entriesOfTask(id, entriesMax)).map(({ text }) => text)
  const cassette = await readCassette(store, id)
  const { turns: all, input } = cassette?.given ?? givenOf(await inputOfTask(store.audit, id))
  const turns = all ?? (input === undefined ? undefined : [input])
  if (turns === undefined) throw unsaid()
  const actions: RecordedAction[] = []
  const results = await resultsOf(store, texts)
  for (const action of actionsOfEntries(texts, manifest).actions) {
    const record = await store.guard.readAction(action.id)
    const result = results.get(action.id) ?? failureOf(record, results.has(action.id))
    actions.push({ ...action, arguments: record?.arguments ?? {}, ...(result === undefined ? {} : { result }) })
  }
  const trial = await trialOf(store, id)
  const reply = cassette?.reply ?? trial?.row.reply
  return { task, turns, actions, ...(reply === undefined ? {} : { reply }), ...(trial === undefined ? {} : { trial }) }
}

/** A tool that failed without a result of its own: what the agent was told in its place. */
function failureOf(record: ActionRecord | undefined, hadResult: boolean): JsonObject | undefined {
  if (hadResult || record?.state !== 'failed' || record.error === undefined) return undefined
  return { isError: true, content: [{ type: 'text', text: record.error }] }
}

/** By action: what its tool answered; undefined: it was erased. */
async function resultsOf(
  store: Store,
  entries: readonly string[],
): Promise<ReadonlyMap<string, JsonObject | undefined>> {
  const results = new Map<string, JsonObject | undefined>()
  for (const text of entries) {
    const { id, kind, object } = valueOfJson(text) as {
      readonly id: string
      readonly kind: string
      readonly object?: string
    }
    if (kind !== 'action-settled' || object === undefined) continue
    const body = await store.audit.readBody(id, 'result')
    if (body === undefined) continue
    results.set(object, body.kept === undefined ? undefined : (valueOfJson(body.kept.content) as JsonObject))
  }
  return results
}

function unsaid(): AirworthyError {
  return new AirworthyError({
    code: 'CASSETTE_UNKNOWN',
    message: 'What this task was asked for is not on record: its opener did not say it, or it was erased.',
    mend: 'Open tasks with their input, or write the scenario by hand.',
  })
}

async function trialOf(store: Store, task: string): Promise<RecordedTask['trial']> {
  for (const plan of await store.evals.listPlans({ limit: plansMax })) {
    const found = (await store.evals.readRows(plan.run)).find(({ row }) => row.task === task)
    if (found !== undefined) return { plan, row: found.row }
  }
  return undefined
}
