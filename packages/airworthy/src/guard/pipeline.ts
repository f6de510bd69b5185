/**
 * The guard: one list of fourteen steps, in order, for every action, reads included, whichever door it came through. This file
 * owns every branch; a step answers a question and decides nothing about what comes next. When anything throws before step 12,
 * the answer is deny and nothing was executed.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalJson } from '../core/canonical.ts'
import type { Reason } from '../core/decision.ts'
import { digestOf, digestOfText } from '../core/digest.ts'
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, jsonFault } from '../core/json.ts'
import type { EffectiveTool } from '../core/manifest/effective.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { resolvePseudonyms } from '../data/pseudonyms.ts'
import type { ActionAnswer, ActionRequest } from './answer.ts'
import { answerOfEarlier, answerOnRecord, judgeEarlier, type Resumption } from './earlier.ts'
import {
  type AuthChecked,
  type Denial,
  deny,
  type Guard,
  type GuardEvent,
  type Passage,
  type PassageEnd,
  type StepName,
} from './guard.ts'
import { Overtaken, overtaken } from './overtaken.ts'
import type { IntendAnswer, TaskRecord } from './port.ts'
import { answerOfDenial, recordDenial } from './record-denial.ts'
import { answerOfRecord } from './recorded-answer.ts'
import { settleLabelled } from './settle-labelled.ts'
import { checkArguments } from './steps/check-arguments.ts'
import { checkAuthorization } from './steps/check-authorization.ts'
import { checkBudget, overBudget } from './steps/check-budget.ts'
import { checkExport } from './steps/check-export.ts'
import { checkHalt, killedDenial } from './steps/check-halt.ts'
import { checkPolicy } from './steps/check-policy.ts'
import { checkRelease, setRetrievalFilters } from './steps/check-release.ts'
import { confirm } from './steps/confirm.ts'
import { execute, permitFor } from './steps/execute.ts'
import { checkOpen, identify } from './steps/identify.ts'
import { decisionInRecord, digestOfSent, effectFacts, hold, intend } from './steps/intend.ts'
import { label } from './steps/label.ts'
import { labelResult } from './steps/label-result.ts'
import { ambiguousReason, errorSentence, settlementOf } from './steps/settle.ts'
import { withFacts } from './task-state.ts'

/** The steps by name, so that a probe's mutant can replace exactly one of them; everybody else uses `guardSteps`. */
export const guardSteps = {
  identify,
  checkHalt,
  checkRelease,
  setRetrievalFilters,
  checkArguments,
  checkBudget,
  label,
  checkPolicy,
  checkAuthorization,
  checkExport,
  confirm,
  intend,
  execute,
  labelResult,
}
export type GuardSteps = typeof guardSteps

/**
 * Steps 6 to 10 run again when the task learned something meanwhile. Within one gateway the calls of a task take turns; other
 * gateways know no turn, so a passage that was sent back again and again steps aside, each time for longer: they get on, and it
 * gets through. With all of them it has waited two seconds at most, half of that as a rule.
 */
const rerunsMax = 16
const stepAsideFrom = 4
const stepAsideMs = (rerun: number): number =>
  rerun < stepAsideFrom ? 0 : Math.min(8 * 2 ** (rerun - stepAsideFrom), 200)

/** A passage that waits longer for its turn tries its luck; a settlement is not kept waiting that long. */
const turnWaitMsMax = 30_000
const settleWaitMsMax = 250

/** Named points at which a crash test stops a process; see `test/crash`. Nothing else passes a function here. */
export type StopPoint = (point: StepName | 'intended' | 'executed' | 'settled') => void

/**
 * Takes one action down the list. Never throws: whatever goes wrong is a denial with a reason, or, once the tool was called,
 * an ambiguous outcome.
 */
export async function govern(
  guard: Guard,
  request: ActionRequest,
  resumed?: Resumption,
  steps: GuardSteps = guardSteps,
  stopAt?: StopPoint,
): Promise<ActionAnswer> {
  try {
    const copy = resumed === undefined ? guard.states.copyOf(request.task)?.task : undefined
    if (copy !== undefined) {
      const answer = await walk(guard, request, undefined, steps, stopAt, copy).catch(overtaken)
      if (answer !== undefined) return answer
    }
    return await walk(guard, request, resumed, steps, stopAt)
  } catch (error) {
    const unavailable = error instanceof AirworthyError && error.code === 'STORE_UNAVAILABLE'
    const denial = unavailable
      ? deny('STORE_UNAVAILABLE', 'The store did not answer, so nothing was executed.', 'wait')
      : deny('INTERNAL_ERROR', 'The guard failed, so nothing was executed.', 'stop')
    if (!unavailable) guard.onFault?.(error)
    return answerOfDenial(request, denial, undefined, true)
  }
}

/** @param copy  the task as this gateway knows it; without one it is read. */
async function walk(
  guard: Guard,
  request: ActionRequest,
  resumed: Resumption | undefined,
  steps: GuardSteps,
  stopAt: StopPoint | undefined,
  copy?: TaskRecord,
): Promise<ActionAnswer> {
  const { ports } = guard
  const enforcing = guard.mode === 'enforce'
  const nowMs = ports.clock()
  const actionId = resumed?.action.id ?? ports.newId('act')

  // Digests and ledger rows need a JSON value; what is none is refused before anything looks at it.
  const unfit = isJsonObject(request.arguments) ? jsonFault(request.arguments) : 'it is no object'
  const argumentsText = unfit === undefined ? canonicalJson(request.arguments) : '{}'
  // A copy of our own: the caller's object may change under our hands between the check and the call.
  const args = valueOfJson(argumentsText) as JsonObject
  const sane: ActionRequest = { ...request, arguments: args }

  // 1. identify
  stopAt?.('identify')
  const before = guard.states.copyOf(request.task)?.state
  const argumentsDigest = digestOfText(argumentsText)
  const lookup = {
    task: request.task,
    afterFact: before?.lastFact ?? 0,
    tool: request.tool,
    argumentsDigest,
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
  }
  const identified = await steps.identify(guard, sane, lookup, copy)
  if (identified.kind === 'deny') return answerOfDenial(sane, identified, undefined, true)
  const { task } = identified
  const state = copy !== undefined && before !== undefined ? before : guard.states.advance(task, before)
  const listed = guard.tools.get(request.tool)
  const events: GuardEvent[] = []
  let passage: Passage = {
    request: sane,
    actionId,
    spanId: actionId.slice(-16),
    entryId: ports.newId('ent'),
    events,
    nowMs,
    task,
    isGuess: copy !== undefined,
    state,
    tool: listed ?? unlistedTool(request.tool),
    argumentsDigest,
    arguments: args,
    labels: [],
    untrusted: [],
    policies: [],
    roles: [],
    reasons: [],
    resumed,
  }
  const tell = (
    step: StepName,
    outcome: 'pass' | 'deny' | 'confirm' | 'again',
    reasons: readonly Reason[] = [],
    authChecks?: readonly AuthChecked[],
  ): void => {
    const event = { step, actionId, task: task.id, tool: request.tool, outcome, reasons, atMs: ports.clock() }
    const told: GuardEvent = authChecks === undefined ? event : { ...event, authChecks }
    events.push(told)
    guard.onEvent?.(told)
  }

  /** Ends the passage, or notes in observe mode what would have ended it. */
  const refuse = async (
    step: StepName,
    denial: Denial,
    authChecks?: readonly AuthChecked[],
  ): Promise<ActionAnswer | undefined> => {
    tell(step, 'deny', denial.reasons, authChecks)
    if (!enforcing && denial.hard !== true) {
      passage = {
        ...passage,
        reasons: [...passage.reasons, ...denial.reasons],
        policies: denial.policies ?? passage.policies,
      }
      return undefined
    }
    return await recordDenial(guard, passage, denial)
  }

  const closed = checkOpen(task)
  if (closed !== undefined) return (await refuse('identify', closed)) as ActionAnswer
  const earlier = resumed === undefined ? await judgeEarlier(guard, passage, identified.earlier) : undefined
  if (earlier?.kind === 'answer') return earlier.answer
  if (earlier?.kind === 'resume') return await walk(guard, request, earlier.resumption, steps, stopAt)
  tell('identify', 'pass')

  // 2. check-halt
  stopAt?.('check-halt')
  const halted = steps.checkHalt(identified.kills, request.tool)
  if (halted !== undefined) return (await refuse('check-halt', halted)) as ActionAnswer
  tell('check-halt', 'pass')

  // 3. check-release
  stopAt?.('check-release')
  const released = await steps.checkRelease(guard, task, request.tool)
  if (released.kind === 'deny') {
    const answer = await refuse('check-release', released)
    if (answer !== undefined) return answer
    if (listed === undefined) return await recordDenial(guard, passage, { ...released, hard: true })
  } else {
    passage = { ...passage, tool: released.tool }
    tell('check-release', 'pass')
  }
  const { tool } = passage

  // 4. check-arguments
  stopAt?.('check-arguments')
  if (unfit !== undefined) {
    const denial = deny('ARGUMENTS_INVALID', `The arguments are refused: ${unfit}.`, 'retry_with', { hard: true })
    return (await refuse('check-arguments', denial)) as ActionAnswer
  }
  const filtered = steps.setRetrievalFilters(guard, task, tool, args)
  if (filtered.kind === 'deny') return (await refuse('check-release', { ...filtered, hard: true })) as ActionAnswer
  passage = { ...passage, arguments: resolvePseudonyms(filtered.arguments, state.pseudonyms) as JsonObject }
  const misfit = steps.checkArguments(guard, tool, passage.arguments)
  if (misfit !== undefined) {
    const answer = await refuse('check-arguments', misfit)
    if (answer !== undefined) return answer
  } else tell('check-arguments', 'pass')

  // 5. check-budget
  stopAt?.('check-budget')
  const over = steps.checkBudget(guard, task, tool, nowMs, resumed === undefined, state.stopped ?? task.stopped)
  if (over !== undefined) {
    const answer = await refuse('check-budget', over)
    if (answer !== undefined) return answer
  } else tell('check-budget', 'pass')

  const first = await decideAndIntend(filtered.arguments)
  if (first !== undefined) return first
  const endTurn = await guard.turns.take(task.id, turnWaitMsMax)
  try {
    for (let rerun = 1; rerun <= rerunsMax; rerun++) {
      tell('intend', 'again')
      if (rerun >= stepAsideFrom) await sleep(Math.random() * stepAsideMs(rerun))
      const answer = await decideAndIntend(filtered.arguments, endTurn)
      if (answer !== undefined) return answer
    }
  } finally {
    endTurn()
  }
  return await recordDenial(
    guard,
    passage,
    deny('STORE_UNAVAILABLE', 'The task kept changing while this action was checked; try again.', 'wait', {
      hard: true,
    }),
  )

  /** Steps 6 to 14; undefined when the task learned something meanwhile and the steps must run again. */
  async function decideAndIntend(
    startArguments: JsonObject,
    onIntended?: () => void,
  ): Promise<ActionAnswer | undefined> {
    passage = {
      ...passage,
      arguments: resolvePseudonyms(startArguments, passage.state.pseudonyms) as JsonObject,
      roles: [],
      reasons: enforcing ? [] : passage.reasons,
    }
    if (onIntended !== undefined) {
      // What was learned may be that the task was ended, or change what a pseudonym in the arguments stands for.
      const { stopped } = passage.state
      const ended =
        stopped === undefined ? undefined : steps.checkBudget(guard, task, tool, nowMs, resumed === undefined, stopped)
      if (ended !== undefined) {
        const answer = await refuse('check-budget', ended)
        if (answer !== undefined) return answer
      }
      const misfitAgain = steps.checkArguments(guard, tool, passage.arguments)
      if (misfitAgain !== undefined) {
        const answer = await refuse('check-arguments', misfitAgain)
        if (answer !== undefined) return answer
      }
    }
    const holdReasons: Reason[] = []
    let exportRole: string | undefined

    // One round, and a second one when step 9 has redacted something: what will be sent is what must be permitted.
    for (let round = 0; ; round++) {
      // 6. label
      stopAt?.('label')
      passage = { ...passage, ...steps.label(guard, passage.state, passage.arguments) }
      tell('label', 'pass')

      // 7. check-policy
      stopAt?.('check-policy')
      const permitted = steps.checkPolicy(guard, task, passage.state, tool, passage.arguments, passage)
      if (permitted.kind === 'deny') {
        const answer = await refuse('check-policy', permitted)
        if (answer !== undefined) return answer
      } else {
        passage = { ...passage, policies: permitted.policies, roles: permitted.roles }
        tell('check-policy', 'pass')
      }

      // 8. check-authorization
      stopAt?.('check-authorization')
      const asked: AuthChecked[] = []
      const unauthorized = await steps.checkAuthorization(
        guard,
        task,
        tool,
        passage.arguments,
        actionId,
        sane.signal,
        asked,
      )
      if (unauthorized !== undefined) {
        const answer = await refuse('check-authorization', unauthorized, asked)
        if (answer !== undefined) return answer
      } else tell('check-authorization', 'pass', [], asked)

      // 9. check-export
      stopAt?.('check-export')
      const exported = steps.checkExport(guard, tool, passage.arguments, passage.labels)
      if (exported.kind === 'deny') {
        const answer = await refuse('check-export', exported)
        if (answer !== undefined) return answer
        break
      }
      if (exported.kind === 'redacted' && enforcing) {
        if (round > 0) {
          const denial = deny('DATA_BLOCKED', 'The arguments still carry sensitive data after redaction.', 'retry_with')
          return await recordDenial(guard, passage, denial)
        }
        tell('check-export', 'again')
        passage = { ...passage, arguments: exported.arguments }
        const misfitRedacted = steps.checkArguments(guard, tool, passage.arguments)
        if (misfitRedacted !== undefined) return (await refuse('check-arguments', misfitRedacted)) as ActionAnswer
        continue
      }
      if (exported.kind === 'hold') {
        holdReasons.push(exported.reason)
        exportRole = exported.role
      }
      tell('check-export', exported.kind === 'hold' ? 'confirm' : 'pass', holdReasons)
      break
    }

    // 10. confirm
    stopAt?.('confirm')
    if (exportRole !== undefined) passage = { ...passage, roles: [...new Set([...passage.roles, exportRole])] }
    passage = { ...passage, reasons: [...passage.reasons, ...holdReasons] }
    const argumentsSentDigest = digestOfSent(passage)
    const confirmed = steps.confirm(guard, passage, argumentsSentDigest)
    if (confirmed.kind === 'deny') return (await refuse('confirm', { ...confirmed, hard: true })) as ActionAnswer
    if (confirmed.kind === 'hold' && enforcing) {
      const held = await hold(guard, passage, argumentsSentDigest, confirmed.draft, confirmed.reasons)
      if (held.kind === 'newer-facts') return learn(held)
      if (held.kind !== 'committed') return await answerOfIntend(held)
      guard.states.note(task.id, [], held.task)
      tell('confirm', 'confirm', confirmed.reasons)
      end('held', confirmed.reasons, { approval: confirmed.draft })
      return {
        action: actionId,
        state: 'held',
        decision: 'confirm',
        reasons: confirmed.reasons,
        next: 'wait',
        arguments: sane.arguments,
        approval: {
          id: confirmed.draft.id,
          roles: confirmed.draft.roles,
          expiresMs: confirmed.draft.expiresMs,
          summary: confirmed.draft.summary,
        },
        enforced: true,
      }
    }
    if (confirmed.kind === 'hold') passage = { ...passage, reasons: confirmed.reasons }
    tell('confirm', 'pass')

    // 11. intend
    stopAt?.('intend')
    const approval =
      confirmed.kind === 'approved' ? { id: confirmed.approvalId, bindingDigest: confirmed.bindingDigest } : undefined
    const permit = permitFor(guard, passage, argumentsSentDigest)
    const intended = await steps.intend(guard, passage, argumentsSentDigest, approval)
    if (intended.kind === 'newer-facts') return learn(intended)
    if (intended.kind !== 'committed') return await answerOfIntend(intended)
    guard.states.note(task.id, effectFacts(tool), intended.task)
    tell('intend', 'pass')
    stopAt?.('intended')
    onIntended?.()

    const base = {
      action: actionId,
      decision: decisionInRecord(passage.reasons),
      reasons: passage.reasons,
      arguments: sane.arguments,
      enforced: enforcing,
    } as const
    if (tool.server === undefined) {
      end('intended', passage.reasons)
      // Whoever runs the tool needs what must be sent.
      return {
        ...base,
        state: 'intended',
        arguments: passage.arguments,
        ...(permit === undefined ? {} : { permit }),
      }
    }
    return await executeAndSettle(base, permit)
  }

  /** Steps 12 to 14. The tool may have run: from here on nothing is a plain denial. */
  async function executeAndSettle(
    base: Pick<ActionAnswer, 'action' | 'decision' | 'reasons' | 'arguments' | 'enforced'>,
    permit: string | undefined,
  ): Promise<ActionAnswer> {
    stopAt?.('execute')
    const outcome = await steps.execute(guard, passage, permit)
    tell('execute', 'pass')
    stopAt?.('executed')
    const settlement = settlementOf(outcome, tool.effect)
    let endSettling: (() => void) | undefined
    try {
      stopAt?.('settle')
      // A settlement is news to the task, so it waits while somebody checks on what is known now.
      endSettling = await guard.turns.take(task.id, settleWaitMsMax)
      // A tool that certainly did not run cost nothing; everything else is charged as declared.
      const costUsdMicros = outcome.kind === 'not-executed' ? 0 : tool.costUsdMicros
      const { effect } = tool
      const settling = { actionId, task, state: passage.state, tool, effect, settlement, costUsdMicros, by: 'guard' }
      const shown = await settleLabelled(guard, settling, steps.labelResult)
      if (shown === undefined) return await answerOnRecord(guard, actionId)
      stopAt?.('settled')
      tell('settle', 'pass', settlement.reasons)
      tell('label-result', 'pass')
      const reasons = [...base.reasons, ...settlement.reasons]
      end(settlement.state, reasons, {
        outcome: {
          entryId: shown.entryId,
          ...(shown.result === undefined ? {} : { shown: shown.result }),
          ...(settlement.error === undefined ? {} : { error: settlement.error }),
          kind: outcome.kind,
          isError: outcome.kind === 'answered' && outcome.isError,
          costUsdMicros,
          ...(shown.documents === undefined ? {} : { documents: shown.documents }),
        },
      })
      return {
        ...base,
        state: settlement.state,
        reasons,
        ...(settlement.state === 'ambiguous' ? { next: 'wait' as const } : {}),
        ...(settlement.error === undefined ? {} : { error: errorSentence(settlement.error, shown.errorText) }),
        ...(shown.result === undefined ? {} : { result: shown.result }),
      }
    } catch (error) {
      // The tool was called and its outcome is not on record: the sweep will find the open row and treat it as in doubt.
      guard.onFault?.(error)
      const reasons = [...base.reasons, ambiguousReason]
      return { ...base, state: 'ambiguous', reasons, next: 'wait', error: 'The outcome could not be recorded.' }
    } finally {
      endSettling?.()
    }
  }

  function end(
    state: PassageEnd['state'],
    reasons: readonly Reason[],
    more: Pick<PassageEnd, 'approval' | 'outcome'> = {},
  ): void {
    guard.onPassage?.({ passage, atMs: ports.clock(), state, reasons, policies: passage.policies, ...more })
  }

  function learn(newer: Extract<IntendAnswer, { kind: 'newer-facts' }>): undefined {
    passage = { ...passage, state: withFacts(passage.state, newer.facts) }
    return undefined
  }

  /** What step 11's act said instead of yes. */
  async function answerOfIntend(
    intended: Exclude<IntendAnswer, { kind: 'committed' | 'newer-facts' }>,
  ): Promise<ActionAnswer> {
    if (passage.isGuess) throw new Overtaken()
    switch (intended.kind) {
      case 'stale':
        throw new Error('A task that was read has no copy that could be overtaken.')
      case 'killed':
        return (await refuse('intend', killedDenial(intended.kill))) as ActionAnswer
      case 'release-changed':
        return await recordDenial(
          guard,
          passage,
          deny('RELEASE_DRIFT', 'The release changed while this action was checked.', 'stop'),
        )
      case 'over-budget':
        return await recordDenial(guard, passage, overBudget(guard, intended.budget, intended.used))
      case 'duplicate':
        return answerOfEarlier(guard, passage, intended.action)
      case 'closed':
        return await recordDenial(guard, passage, deny('IDENTITY_INVALID', 'The task is closed.', 'stop'))
      case 'approval-invalid': {
        // Two came for one approved action: the later one hears what became of it.
        const action = intended.why === 'used' ? await ports.store.readAction(actionId) : undefined
        if (action !== undefined && action.state !== 'held') return await answerOfRecord(guard, action, 'look')
        return await recordDenial(guard, passage, approvalDenial(intended.why))
      }
    }
  }
}

function approvalDenial(why: Extract<IntendAnswer, { kind: 'approval-invalid' }>['why']): Denial {
  switch (why) {
    case 'rejected':
      return deny('CONFIRMATION_REJECTED', 'The action was rejected.', 'stop')
    case 'expired':
      return deny('CONFIRMATION_EXPIRED', 'Nobody confirmed the action in time.', 'ask_user')
    default:
      return deny('CONFIRMATION_MISMATCH', 'There is no unused approval for exactly this action.', 'stop')
  }
}

/** Stands in the records of an attempt on a tool that the manifest does not list; it is never executed. */
function unlistedTool(name: string): EffectiveTool {
  return {
    name: name.slice(0, 200),
    upstreamName: '',
    description: '',
    effect: 'irreversible',
    reach: 'external',
    inputSchema: { type: 'object', additionalProperties: false },
    unbounded: [],
    definitionDigest: unlistedDigest,
    destinations: [],
    authChecks: [],
    data: { in: [], out: [], trusted: false, declared: false },
    costUsdMicros: 0,
    timeoutMs: 0,
  }
}
const unlistedDigest = digestOf({ unlisted: true })
