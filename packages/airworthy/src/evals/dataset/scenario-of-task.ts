/**
 * Makes a regression scenario of a task that really happened: the same user, the same words, and tools that answer as they answered
 * then. Pure; what a person must look at stands in the comments.
 */
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { TrialAction } from '../trial.ts'
import type { Expectation, Scenario } from './scenario-shape.ts'

export interface HappenedTask {
  readonly id: string
  readonly traceId: string
  readonly type?: string
  readonly principal: { readonly id: string; readonly attributes: JsonObject }
  readonly turns: readonly string[]
  readonly actions: readonly (TrialAction & { readonly result?: JsonObject })[]
  readonly reply?: string
  /** The scenario that the task was a trial of, and the seed of that trial's world. */
  readonly scenario?: Scenario
  readonly seed?: number
  /** Why the trial failed, a sentence each. */
  readonly failures?: readonly string[]
}

export interface ScenarioOfTask {
  readonly scenario: Scenario
  /** For whoever reviews it, a line each. */
  readonly comments: readonly string[]
}

type Results = NonNullable<NonNullable<Scenario['world']>['results']>

const resultsMax = 100
const expectationsMax = 100

export function scenarioOfTask(happened: HappenedTask): ScenarioOfTask {
  const { id, traceId, type, principal, turns, actions, scenario: tried } = happened
  const comments = [
    `Made from the task ${id}. Review before it gates anything.`,
    'What the user said and what tools answered stands here as it was, personal data included: look before you commit it.',
  ]
  for (const why of happened.failures ?? []) comments.push(`Then it failed: ${oneLine(why)}`)
  const needsState = tried?.expect.some((one) => 'state' in one) === true
  const recorded = resultsOf(actions)
  if (needsState) {
    comments.push(
      'It expects a state, which recorded results have none of: the world is made anew from the seed of that trial.',
    )
  }
  const unknown = [
    ...new Set(actions.filter((one) => isExecuted(one) && one.result === undefined).map(({ tool }) => tool)),
  ]
  if (unknown.length > 0 && !needsState) {
    comments.push(
      `No result is on record of ${unknown.join(', ')}: erased, or never answered. The sandbox answers there, if there is one.`,
    )
  }
  const expect = tried?.expect ?? expectationsOf(actions, happened.reply)
  if (tried === undefined) {
    comments.push(
      'The expectations say what happened then. Where that was wrong, turn them into what should have happened.',
    )
  }
  const reference = tried?.reference ?? referenceOf(actions, happened.reply)
  const world = needsState
    ? { ...tried?.world, ...(happened.seed === undefined ? {} : { seed: tried?.world?.seed ?? happened.seed }) }
    : {
        ...(tried?.world?.module === undefined ? {} : { module: tried.world.module }),
        ...(tried?.world?.with === undefined ? {} : { with: tried.world.with }),
        ...(happened.seed === undefined ? {} : { seed: tried?.world?.seed ?? happened.seed }),
        ...(Object.keys(recorded).length === 0 ? {} : { results: recorded }),
      }
  const approvals = tried?.approvals ?? approvalsOf(actions)
  const scenario: Scenario = {
    id: `trace-${id.replace(/^tsk_/, '').toLowerCase()}`,
    ...(tried?.title === undefined ? {} : { title: tried.title }),
    source: {
      kind: 'trace',
      ref: id,
      digest: digestOf({ turns, actions: happenedOf(actions) } as unknown as JsonObject),
    },
    principal: {
      id: principal.id,
      ...(Object.keys(principal.attributes).length === 0
        ? {}
        : { attributes: principal.attributes as NonNullable<Scenario['principal']['attributes']> }),
    },
    ...(type === undefined ? {} : { task_type: type }),
    ...(turns.length === 1 ? { input: turns[0] as string } : { turns: [...turns] }),
    ...(Object.keys(world).length === 0 ? {} : { world }),
    ...(approvals.length === 0 ? {} : { approvals: [...approvals] }),
    expect: [...expect],
    ...(reference === undefined ? {} : { reference }),
    tags: [...new Set([...(tried?.tags ?? []), 'from-trace'])],
    ...(tried?.timeout === undefined ? {} : { timeout: tried.timeout }),
  }
  comments.push(`Its trace is ${traceId}.`)
  return { scenario, comments }
}

/** What the scenario was made of, for its digest. */
function happenedOf(actions: HappenedTask['actions']) {
  return actions.map(({ tool, arguments: args, state, result }) => ({
    tool,
    arguments: args,
    state,
    ...(result && { result }),
  }))
}

function isExecuted({ state }: TrialAction): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'ambiguous'
}

/** By tool, in order. */
function resultsOf(actions: HappenedTask['actions']): Results {
  const results: Results = {}
  for (const { tool, result } of actions) {
    if (result === undefined) continue
    const list = Object.hasOwn(results, tool) ? (results[tool] as Results[string]) : []
    results[tool] = list
    if (list.length < resultsMax) list.push(result as Results[string][number])
  }
  return results
}

function approvalsOf(actions: HappenedTask['actions']): NonNullable<Scenario['approvals']> {
  const approved = [...new Set(actions.filter(({ approvedBy }) => approvedBy !== undefined).map(({ tool }) => tool))]
  return approved.map((tool) => ({ tool, decision: 'approved' as const }))
}

/** What was executed, in which order, what failed, and what the guard stopped. A call that fails has no effect: it is no `called`. */
function expectationsOf(actions: HappenedTask['actions'], reply: string | undefined): readonly Expectation[] {
  const executed = actions.filter((one) => isExecuted(one) && one.state !== 'failed').map(({ tool }) => tool)
  const called = [...new Set(executed)]
  const stopped = actions.filter(({ decision, state }) => decision === 'deny' || state === 'held')
  const expect: Expectation[] = called.map((tool) => ({ called: tool }))
  const order = executed.filter((tool, at) => tool !== executed[at - 1]).slice(0, 50)
  if (order.length > 1) expect.push({ order })
  for (const tool of new Set(stopped.map((one) => one.tool))) {
    const is = stopped.find((one) => one.tool === tool)?.decision === 'deny' ? 'deny' : 'confirm'
    expect.push({ decision: { tool, is } })
    if (!called.includes(tool)) expect.push({ not_called: tool })
  }
  const failed = actions.filter(({ tool, state }) => state === 'failed' && !called.includes(tool))
  for (const [tool, [first]] of Map.groupBy(failed, (one) => one.tool)) {
    expect.push({ decision: { tool, is: first?.decision ?? 'allow' } }, { not_called: tool })
  }
  const words = (reply ?? '').trim().slice(0, 200)
  if (expect.length === 0 && words !== '') expect.push({ reply: { contains: [words] } })
  return expect.slice(0, expectationsMax)
}

function referenceOf(actions: HappenedTask['actions'], reply: string | undefined): Scenario['reference'] {
  if (reply === undefined || reply === '') return undefined
  return {
    actions: actions.slice(0, 100).map(({ tool, arguments: args }) => ({ tool, arguments: args as never })),
    reply: reply.slice(0, 8_192),
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 400)
}
