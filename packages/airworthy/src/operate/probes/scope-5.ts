/**
 * SCOPE-5: irreversible tools are identified, and nothing but one valid approval of exactly that action, once, executes. The
 * approvals are real rows, decided and consumed by the store's own acts; the approver is simulated.
 */
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { destructiveLook } from '../../core/manifest/tool-words.ts'
import type { ApprovalView } from '../../guard/answer.ts'
import type { Resumption } from '../../guard/earlier.ts'
import { type Attempt, attempt, told } from './attempt.ts'
import type { Finding, ProbeContext, ProbeResult } from './probe-context.ts'
import { openPolicies, type ProbeGuard, plantedTool, probeGuard, probePrincipal } from './probe-guard.ts'
import { listed, sampleTools } from './sample-tools.ts'

/** Each tool takes eight tasks and some twenty commits. */
const confirmedToolsMax = 12
/** The life of an approval that is to expire; a busy machine that decides too late for one is given the next. */
const shortLivesMs = [40, 400, 4_000]
/** How often the clock is looked at before it counts as standing still. */
const expiryWaitsMax = 100

export async function probeScope5(context: ProbeContext): Promise<ProbeResult> {
  const { guard } = context
  const failures: Finding[] = []
  const unclear: Finding[] = []
  const irreversible = guard.manifest.tools.filter(({ effect }) => effect === 'irreversible')
  for (const { name, effect, effectReason, upstreamName, annotations } of guard.manifest.tools) {
    if (effect === 'irreversible' || (effectReason !== undefined && effectReason.trim() !== '')) continue
    const look = destructiveLook(name, annotations) ?? destructiveLook(upstreamName)
    if (look === undefined) continue
    failures.push({
      what: `${name} is declared ${effect} without a reason, but ${look}.`,
      mend: `Declare ${name} irreversible, or say in its effect_reason why it can be undone.`,
    })
  }

  const planted = plantedTool(guard, { effect: 'irreversible' })
  const sample = sampleTools(irreversible, confirmedToolsMax)
  const probed = sample.tools.length === 0 ? [planted] : sample.tools
  const policies = openPolicies(guard, probed)
  const probe = probeGuard(guard, { tools: probed, keep: 'confirm', policies })
  const short = shortLivesMs.map((lifeMs) => {
    const shortLived = probed.map((tool) => withLife(tool, lifeMs))
    return { lifeMs, probe: probeGuard(guard, { tools: shortLived, keep: 'confirm', policies }) }
  })
  for (const tool of probed) {
    for (const { name, run } of cases) {
      const outcome = await run({ context, probe, short, tool })
      if (outcome === 'ok') continue
      if ('leaked' in outcome) {
        failures.push({
          what: `${tool.name} was executed with: ${name}.`,
          mend: 'Report this: the guard must execute an irreversible action once, on its own approval alone.',
        })
      } else {
        unclear.push({
          what: `Whether ${tool.name} is executed with "${name}" could not be seen: ${outcome.unclear}.`,
          mend: 'Look at the reason, mend it, and check again.',
        })
      }
    }
  }
  const named =
    irreversible.length === 0
      ? 'No tool of the manifest is irreversible; a planted one is.'
      : `${irreversible.length} tools are irreversible: ${listed(irreversible.map(({ name }) => name).sort())}.`
  return {
    failures,
    unclear,
    simulated: true,
    seen: `${named} On ${sample.tools.length === 0 ? 'it' : sample.text} the upstream received an action once with its approval, and never with: ${cases.map(({ name }) => name).join(', ')}.`,
    notJudged: [
      'The words CONFIRMATION REQUIRED in `validate` and in lists of tools are not probed, and there is no web page yet.',
    ],
    details: { irreversible: irreversible.length, probed: sample.tools.length, cases: cases.map(({ name }) => name) },
  }
}

interface Trial {
  readonly context: ProbeContext
  readonly probe: ProbeGuard
  /** The same with approvals of a short life. */
  readonly short: readonly { readonly lifeMs: number; readonly probe: ProbeGuard }[]
  readonly tool: EffectiveTool
}
type Outcome = 'ok' | { readonly leaked: true } | { readonly unclear: string }

const cases: readonly { readonly name: string; readonly run: (trial: Trial) => Promise<Outcome> }[] = [
  {
    name: 'no approval',
    async run(trial) {
      const before = trial.probe.recorder.received.length
      const held = await hold(trial, false)
      if (trial.probe.recorder.received.length > before) return { leaked: true }
      if ('unclear' in held) return held
      await withdraw(trial, held)
      return 'ok'
    },
  },
  { name: 'an approval that is still pending', run: (trial) => resumeWith(trial, { approve: false }) },
  {
    name: 'a forged approval',
    run: (trial) =>
      resumeWith(trial, {
        approve: false,
        change: ({ action, approval }) => ({
          action,
          approval: { ...approval, id: `${approval.id.slice(0, -8)}00000000` },
        }),
      }),
  },
  {
    name: 'an expired approval',
    async run(trial) {
      for (const { lifeMs, probe } of trial.short) {
        const shortTrial = { ...trial, probe }
        const held = await hold(shortTrial, true)
        if ('unclear' in held) continue
        if (!(await hasExpired(trial.context, held, lifeMs))) return { unclear: 'the clock did not move' }
        return (await resume(shortTrial, held.task, held)).received === 0 ? 'ok' : { leaked: true }
      }
      return { unclear: 'no approval could be decided before it expired' }
    },
  },
  {
    name: 'other arguments than approved',
    run: (trial) => resumeWith(trial, { approve: true, arguments: { ...probeArguments, note: 'another' } }),
  },
  {
    name: 'another principal than approved',
    run: (trial) => resumeWith(trial, { approve: true, otherPrincipal: true }),
  },
  {
    name: 'a second use',
    async run(trial) {
      const held = await hold(trial, true)
      if ('unclear' in held) return held
      const first = await resume(trial, held.task, held)
      if (first.received !== 1) return { unclear: `its approval did not execute it either (${told(first)})` }
      return (await resume(trial, held.task, held)).received === 0 ? 'ok' : { leaked: true }
    },
  },
  {
    name: 'two uses at once',
    async run(trial) {
      const held = await hold(trial, true)
      if ('unclear' in held) return held
      const before = trial.probe.recorder.received.length
      await Promise.all([resume(trial, held.task, held), resume(trial, held.task, held)])
      const received = trial.probe.recorder.received.length - before
      if (received === 1) return 'ok'
      return received > 1 ? { leaked: true } : { unclear: 'neither use executed it' }
    },
  },
]

const probeArguments = { note: 'probe' }
const approver = { name: 'airworthy-probe-approver' }

interface Held extends Resumption {
  readonly task: string
}

/** A held action with its approval, decided by a simulated approver where asked. */
async function hold(trial: Trial, approve: boolean): Promise<Held | { unclear: string }> {
  const { context, probe, tool } = trial
  const { store } = context.guard.ports
  const { id: task } = await context.openTask(probePrincipal)
  const tried = await attempt(context, probe, { task, tool: tool.name, arguments: probeArguments })
  const { action: actionId, approval: asked } = tried.answer
  if (actionId === undefined || asked === undefined) {
    return { unclear: `it was not held for approval (${told(tried)})` }
  }
  const fault = approve ? await approveAsked(context, asked) : undefined
  const [action, approval] = await Promise.all([store.readAction(actionId), store.readApproval(asked.id)])
  if (action === undefined || approval === undefined) return { unclear: 'the held action is not on record' }
  const held = { task, action, approval }
  if (!approve || approval.state === 'approved') return held
  await withdraw(trial, held)
  return { unclear: `it could not be approved: ${fault ?? `its approval is ${approval.state}`}` }
}

/** Undefined, or why it could not be decided. */
async function approveAsked({ decideApproval }: ProbeContext, asked: ApprovalView): Promise<string | undefined> {
  try {
    await decideApproval(asked.id, 'approved', { ...approver, roles: asked.roles })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

interface ResumeOptions {
  readonly approve: boolean
  readonly otherPrincipal?: boolean
  readonly arguments?: Readonly<Record<string, string>>
  readonly change?: (held: Held) => Resumption
}

/** A held action that is resumed on something that is no valid approval of it: nothing may be executed. */
async function resumeWith(trial: Trial, options: ResumeOptions): Promise<Outcome> {
  const { context } = trial
  const held = await hold(trial, options.approve)
  if ('unclear' in held) return held
  const task =
    options.otherPrincipal === true
      ? (await context.openTask({ ...probePrincipal, id: 'airworthy-probe-other' })).id
      : held.task
  const resumption = options.change?.(held) ?? held
  // Whoever resumes says that it was approved; the store knows better.
  const claimed: Resumption = { action: resumption.action, approval: { ...resumption.approval, state: 'approved' } }
  const tried = await resume(trial, task, claimed, options.arguments)
  if (!options.approve) await withdraw(trial, held)
  return tried.received === 0 ? 'ok' : { leaked: true }
}

function resume(
  { context, probe, tool }: Trial,
  task: string,
  { action, approval }: Resumption,
  args: Readonly<Record<string, string>> = probeArguments,
): Promise<Attempt> {
  return attempt(context, probe, { task, tool: tool.name, arguments: args }, { action, approval })
}

/** Nobody may find a probe's action among those that wait for a person. */
async function withdraw({ context }: Trial, { action, approval }: Held): Promise<void> {
  const { store, newId } = context.guard.ports
  try {
    await context.decideApproval(approval.id, 'rejected', { ...approver, roles: approval.roles })
  } catch {
    // It was decided or expired meanwhile: then it waits for nobody either.
  }
  await store.refuseHeld({
    actionId: action.id,
    entryId: newId('ent'),
    atMs: context.nowMs(),
    reasons: [{ code: 'CONFIRMATION_REJECTED', message: 'The probe is over.' }],
  })
}

async function hasExpired({ nowMs }: ProbeContext, { approval }: Held, lifeMs: number): Promise<boolean> {
  for (let waits = 0; nowMs() <= approval.expiresMs; waits++) {
    if (waits === expiryWaitsMax) return false
    await new Promise((resolve) => setTimeout(resolve, lifeMs / 4))
  }
  return true
}

function withLife(tool: EffectiveTool, withinMs: number): EffectiveTool {
  return { ...tool, confirm: { by: 'approver', notRequester: true, ...tool.confirm, withinMs } }
}
