/**
 * One model call under guard: the pins of the release, kill switch, budgets reserved before and settled after. Nothing here knows a
 * provider's wire format; a door (server/model) turns its requests into `AskedModelCall` and answers in its own words.
 */
import type { Reason } from '../../core/decision.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { BudgetName, ModelPin } from '../../core/manifest/effective.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import { exhaust } from '../../guard/exhaust.ts'
import { deny, type Guard } from '../../guard/guard.ts'
import type { TaskRecord } from '../../guard/port.ts'
import { overBudget } from '../../guard/steps/check-budget.ts'
import { killedDenial } from '../../guard/steps/check-halt.ts'
import { costOf, saneUsage, type TokenPrice, type TokenUsage } from '../../telemetry/cost.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import type { Running } from '../actions/running.ts'
import { isCheaperNow } from './cheaper-model.ts'
import { logDenial } from './model-log.ts'
import { modelDriftOf, pinnedParameters, pinnedPrice, priceTableOf } from './model-pins.ts'
import type { ModelStore } from './port.ts'
import { type SeenToolResult, ungovernedTools } from './ungoverned-tools.ts'

export interface AskedModelCall {
  readonly kind: 'chat' | 'embeddings'
  /** Whose API the request speaks. */
  readonly provider: 'openai' | 'anthropic'
  readonly model: string
  /** Those that a manifest may pin, by its own names (`temperature`, `max_output_tokens`); what was not sent is absent. */
  readonly parameters: JsonObject
  /** The instructions that the request begins with; undefined: none. */
  readonly systemPrompt: string | undefined
  /** The most tokens that the request itself can be, pictures left out. */
  readonly inputTokensMax: number
  /** How many pictures it holds or names. */
  readonly images?: number
  /** How many answers are asked for. */
  readonly choices: number
  /** Names of the tools that the model is offered. */
  readonly tools: readonly string[]
  /** Results of tools that it is shown, oldest first. */
  readonly results: readonly SeenToolResult[]
  /** What of the request is with the provider and not in it (`previous_response_id`); undefined: nothing. */
  readonly unseen?: string
}

/** What may be sent. */
export interface ModelPassage {
  readonly kind: 'send'
  readonly callId: string
  readonly task: TaskRecord
  readonly model: string
  /** Pinned parameters to set, by the manifest's names. */
  readonly parameters: JsonObject
  /** True when the budget's threshold chose the cheaper model. */
  readonly isCheaper: boolean
  readonly beganMs: number
  readonly price: TokenPrice | undefined
  /** How long it may take: no longer than the task has left. */
  readonly timeoutMs: number
}

export type ModelDecision =
  /** Aborts when the caller leaves, the time is over, the agent is killed, or by `stop`. */
  (ModelPassage & { readonly signal: AbortSignal; readonly stop: (why: Error) => void }) | ModelRefusal

export interface ModelDenial {
  readonly kind: 'denied'
  readonly reasons: readonly Reason[]
}

type ModelRefusal =
  | ModelDenial
  | { readonly kind: 'fallback'; readonly fallback: FallbackResult; readonly reasons: readonly Reason[] }

/** In observe mode nothing is set, so what the request leaves open is as long as the longest answers are. */
const outputTokensObserved = 128_000
/** Of one picture, whatever its size: more than the providers bill for a large one on most of their models. */
const imageTokensDefault = 10_000
/** A stream that nobody ends. */
const callMsMax = 600_000
/** After its time a call may still have its end written. */
const doubtGraceMs = 10_000

/** Model calls of one kit under guard. */
export interface GovernedModel {
  /** Decides, and reserves what the call may use. Never throws: what goes wrong is a denial. */
  begin(task: TaskRecord, asked: AskedModelCall, signal: AbortSignal): Promise<ModelDecision>
  /** Whether the model may be asked what costs no tokens (a count of them): all but budgets. Never throws; undefined: it may. */
  check(task: TaskRecord, asked: AskedModelCall): Promise<ModelDenial | undefined>
  /** Resolves when what is looked for beside the calls is found. */
  idle(): Promise<void>
  /** Settles the reservation. @throws STORE_UNAVAILABLE; a sweep then counts all of it as used. */
  end(passage: ModelPassage, outcome: ModelOutcome): Promise<void>
}

/**
 * @param running  where the kill switch finds what it must stop.
 * @param onSpan  told of the span of each call once it is on record.
 */
export function governedModel(
  guard: Guard,
  store: ModelStore,
  running: Running,
  onSpan: (span: SpanRecord) => void = () => {},
): GovernedModel {
  const ungoverned = ungovernedTools(guard, store)
  /** By call: gives back what watches over it. */
  const watches = new Map<string, () => void>()

  return {
    async begin(task, asked, signal) {
      // Before the reservation: a kill that comes between the two must find the call.
      const run = running.begin(guard.manifest.agent, runName, signal)
      const decision = await beginModelCall(guard, store, task, asked)
      await ungoverned.offered(task, asked.tools).catch((error: unknown) => guard.onFault?.(error))
      ungoverned.results(task, asked.results)
      if (decision.kind !== 'send') {
        run.end()
        return decision
      }
      const { callId, timeoutMs } = decision
      const timer = setTimeout(() => run.stop(new Error(`the call took longer than ${timeoutMs} ms`)), timeoutMs)
      watches.set(callId, () => {
        clearTimeout(timer)
        run.end()
      })
      return { ...decision, signal: run.signal, stop: run.stop }
    },
    async check(task, asked) {
      try {
        const standing = (await killedReason(guard)) ?? unfitReason(guard, task)
        if (standing !== undefined) return await refuse(guard, task, standing)
        const drift = modelDriftOf(guard.manifest, guard.manifest.model as ModelPin, asked)
        if (drift === undefined) return undefined
        if (guard.mode === 'enforce') return await refuse(guard, task, drift)
        await logDenial(guard, task, [drift])
        return undefined
      } catch (error) {
        return failureOf(guard, error)
      }
    },
    idle: ungoverned.idle,
    async end(passage, outcome) {
      watches.get(passage.callId)?.()
      watches.delete(passage.callId)
      const span = await endModelCall(guard, store, passage, outcome)
      if (span !== undefined) onSpan(span)
    },
  }
}
/** No tool can be called so: only a kill of the whole agent stops it. */
const runName = 'model call'

async function beginModelCall(
  guard: Guard,
  store: ModelStore,
  task: TaskRecord,
  asked: AskedModelCall,
): Promise<ModelPassage | ModelRefusal> {
  try {
    return await decide(guard, store, task, asked)
  } catch (error) {
    return failureOf(guard, error)
  }
}

function failureOf(guard: Guard, error: unknown): ModelDenial {
  const isStore = error instanceof AirworthyError && error.code === 'STORE_UNAVAILABLE'
  if (!isStore) guard.onFault?.(error)
  return isStore
    ? denied('STORE_UNAVAILABLE', 'The store did not answer, so the model was not called.')
    : denied('INTERNAL_ERROR', 'The guard failed, so the model was not called.')
}

async function killedReason(guard: Guard): Promise<Reason | undefined> {
  const kills = await guard.ports.store.readKills(guard.manifest.agent)
  const kill = kills.find(({ tool }) => tool === '*')
  return kill === undefined ? undefined : killedDenial(kill).reasons[0]
}

/** Why no model may be called at all. */
function unfitReason(guard: Guard, task: TaskRecord): Reason | undefined {
  const { manifest, notReady, release } = guard
  if (manifest.model === undefined) {
    return { code: 'RELEASE_NOT_READY', message: 'The manifest pins no model, so none may be called.' }
  }
  if (notReady !== undefined) return { code: 'RELEASE_NOT_READY', message: notReady }
  if (task.release !== release) {
    return { code: 'RELEASE_DRIFT', message: 'The task began on another release; start a new task.' }
  }
  return undefined
}

async function decide(
  guard: Guard,
  store: ModelStore,
  task: TaskRecord,
  asked: AskedModelCall,
): Promise<ModelPassage | ModelRefusal> {
  const { manifest, ports } = guard
  const unfit = unfitReason(guard, task)
  if (unfit !== undefined) return await refuse(guard, task, unfit)
  const pin = manifest.model as ModelPin
  const isEnforced = guard.mode === 'enforce'
  const drift = modelDriftOf(manifest, pin, asked)
  if (drift !== undefined) {
    if (isEnforced) return await refuse(guard, task, drift)
    await logDenial(guard, task, [drift])
  }

  if (isEnforced && task.stopped !== undefined) {
    return await exhausted(guard, task, task.stopped.budget, task.stopped.used)
  }
  const nowMs = ports.clock()
  const mayBeCheaper = isEnforced && asked.kind === 'chat' && pin.cheaper !== undefined
  const isCheaper = mayBeCheaper && (await isCheaperNow(guard, store, task, nowMs))
  // What observes changes nothing: neither the model nor what was asked of it.
  const model =
    isCheaper && pin.cheaper !== undefined ? pin.cheaper.id : isEnforced ? pinnedId(pin, asked) : asked.model
  const price = pinnedPrice(pin, model)
  const parameters: JsonObject = isEnforced ? pinnedParameters(pin, asked) : {}
  const answerMax = parameters.max_output_tokens ?? asked.parameters.max_output_tokens ?? outputTokensObserved
  const outputTokensMax = asked.kind === 'embeddings' ? 0 : Number(answerMax) * asked.choices
  const inputTokensMax = asked.inputTokensMax + (asked.images ?? 0) * (pin.imageTokens ?? imageTokensDefault)
  const most: TokenUsage = { input: inputTokensMax, output: outputTokensMax, cacheRead: 0, cacheWrite: 0 }
  const cost = costOf(most, dearest(price))
  const { maxSteps, maxTokens, maxCostUsdMicros, deadlineMs } = manifest.budgets
  const unlimited = Number.MAX_SAFE_INTEGER
  const leftMs = deadlineMs.limit - (nowMs - task.createdMs - task.waitedMs)
  const timeoutMs = isEnforced ? Math.max(1, Math.min(callMsMax, leftMs)) : callMsMax
  const callId = ports.newId('mdl')
  const begun = await store.beginModelCall({
    callId,
    task,
    atMs: nowMs,
    doubtMs: nowMs + timeoutMs + doubtGraceMs,
    owner: guard.owner,
    model,
    reserved: {
      tokens: most.input + most.output,
      costUsdMicros: cost.kind === 'priced' ? cost.usdMicros : 0,
    },
    limits: {
      steps: isEnforced ? maxSteps.limit : unlimited,
      tokens: isEnforced ? maxTokens.limit : unlimited,
      costUsdMicros: isEnforced ? maxCostUsdMicros.limit : unlimited,
      workedMs: isEnforced ? deadlineMs.limit : unlimited,
    },
  })
  switch (begun.kind) {
    case 'begun':
      return { kind: 'send', callId, task, model, parameters, isCheaper, beganMs: nowMs, price, timeoutMs }
    case 'killed':
      return await refuse(guard, task, killedDenial(begun.kill).reasons[0] as Reason)
    case 'closed':
      return await refuse(guard, task, { code: 'IDENTITY_INVALID', message: 'The task is closed.' })
    case 'over-budget': {
      const refusal = await exhausted(guard, task, begun.budget, begun.used)
      // What the dearer model may not spend any more the cheaper one perhaps may.
      const mayYet = begun.budget === 'max_cost_usd' && maxCostUsdMicros.then === 'switch_model'
      return mayYet && mayBeCheaper && !isCheaper
        ? await decide(guard, store, { ...task, cheaper: true }, asked)
        : refusal
    }
  }
}

function pinnedId(pin: ModelPin, asked: AskedModelCall): string {
  return asked.kind === 'embeddings' ? asked.model : pin.id
}

/** Input may be written to the cache, which some providers charge more for than plain input. */
function dearest(price: TokenPrice | undefined): TokenPrice | undefined {
  return price === undefined
    ? undefined
    : { ...price, input: Math.max(price.input, price.cache_write, price.cache_read) }
}

async function exhausted(guard: Guard, task: TaskRecord, budget: BudgetName, used: number): Promise<ModelRefusal> {
  const { reasons, fallback } = overBudget(guard, budget, used)
  await logDenial(guard, task, reasons)
  return { kind: 'fallback', fallback: await exhaust(guard, task, fallback), reasons }
}

async function refuse(guard: Guard, task: TaskRecord, reason: Reason): Promise<ModelDenial> {
  await logDenial(guard, task, [reason])
  return { kind: 'denied', reasons: [reason] }
}

/** What cannot be logged: the store itself is away, or the guard broke. */
function denied(code: Reason['code'], message: string): ModelDenial {
  return { kind: 'denied', reasons: deny(code, message, 'stop').reasons }
}

/** What became of it. */
export interface ModelOutcome {
  readonly state: 'succeeded' | 'failed'
  /** As the provider reported it; undefined: it reported none, and what was reserved counts as used. */
  readonly usage: TokenUsage | undefined
  /** Nothing reached the provider, or it refused before it began: nothing was used. */
  readonly isUnused?: boolean
  readonly details: JsonObject
  readonly span: (cost: JsonObject) => SpanRecord
}

/** @returns its span; undefined when the call had been ended before, as one that was lost. */
async function endModelCall(
  guard: Guard,
  store: ModelStore,
  passage: ModelPassage,
  outcome: ModelOutcome,
): Promise<SpanRecord | undefined> {
  const { usage: reported, isUnused = false } = outcome
  const none: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  const sane = reported === undefined ? undefined : saneUsage(reported)
  const used = isUnused ? none : sane?.usage
  const cost = used === undefined ? undefined : costOf(used, passage.price)
  const shown: JsonObject = {
    ...(used === undefined ? { usage: 'missing' } : { ...used }),
    ...(sane?.isClamped === true ? { usage_clamped: true } : {}),
    ...(cost === undefined ? {} : cost.kind === 'priced' ? { cost_usd_micros: cost.usdMicros } : { unpriced: true }),
    ...(passage.isCheaper ? { cheaper: true } : {}),
    ...(passage.price === undefined ? {} : { price_table: priceTableOf(passage.model, passage.price) }),
  }
  const counted = Number.MAX_SAFE_INTEGER
  const span = outcome.span(shown)
  const isFirst = await store.endModelCall({
    callId: passage.callId,
    atMs: guard.ports.clock(),
    state: outcome.state,
    tokens: used === undefined ? counted : used.input + used.output,
    costUsdMicros: cost === undefined ? counted : cost.kind === 'priced' ? cost.usdMicros : 0,
    details: { ...outcome.details, ...shown },
    span,
  })
  guard.states.outdate(passage.task.id)
  return isFirst ? span : undefined
}
