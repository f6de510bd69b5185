/** SCOPE-4: every tool that changes state names an auth check of its server, and anything but a clear yes denies. */
import type { AuthCheck, EffectiveTool } from '../../core/manifest/effective.ts'
import type { AuthAnswer } from '../../guard/port.ts'
import { type Attempt, attempt, probeTasks, told } from './attempt.ts'
import type { Finding, ProbeContext, ProbeResult } from './probe-context.ts'
import { openPolicies, type ProbeGuard, plantedTool, probeGuard } from './probe-guard.ts'
import { answeringAuthChecks } from './recorder.ts'
import { listed, probedToolsMax, sampleTools } from './sample-tools.ts'

type Misbehaviour = (check: AuthCheck, signal: AbortSignal) => Promise<AuthAnswer>

const misbehaviours: readonly (readonly [string, Misbehaviour])[] = [
  ['says no', async () => ({ kind: 'denied', why: 'the probe says no' })],
  [
    'errors',
    async () => {
      throw new Error('the probe errs')
    },
  ],
  ['is down', async () => ({ kind: 'unavailable', why: 'the connection was refused' })],
  ['answers nothing', async () => undefined as unknown as AuthAnswer],
  ['answers garbage', async () => ({ kind: 'yes', allow: true }) as unknown as AuthAnswer],
]
/**
 * Never answers; the guard's own time-out must end it. That time-out does not keep a process alive, which a command that waits
 * for nothing else would notice by ending, so a timer of ours does.
 */
const silence: Misbehaviour = (_, signal) =>
  new Promise((_resolve, reject) => {
    const alive = setTimeout(() => {}, 60_000)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(alive)
        reject(signal.reason)
      },
      { once: true },
    )
  })
const silenceTimeoutMs = 20
/** Each time-out is waited for, so few tools stand for all. */
const silentToolsMax = 8

export async function probeScope4(context: ProbeContext): Promise<ProbeResult> {
  const { guard } = context
  const { manifest } = guard
  const failures: Finding[] = []
  const unclear: Finding[] = []
  const changing = manifest.tools.filter(({ effect }) => effect !== 'read')
  const unchecked = changing.filter(({ authChecks }) => authChecks.length === 0).map(({ name }) => name)
  if (unchecked.length > 0) {
    failures.push({
      what: `${unchecked.length} tools change state and name no auth check: ${listed(unchecked)}.`,
      mend: 'Define the question under auth_checks, and name it under auth_checks of each tool.',
    })
  }
  for (const { name, authChecks } of manifest.tools) {
    const undefinedChecks = authChecks.filter((check) => manifest.authChecks[check] === undefined)
    if (undefinedChecks.length === 0) continue
    failures.push({
      what: `${name} names auth checks that are not defined: ${listed(undefinedChecks)}.`,
      mend: 'Define them under auth_checks.',
    })
  }

  const checked = changing.filter(({ authChecks }) => authChecks.length > 0)
  const planted: AuthCheck = {
    name: 'airworthy_probe_check',
    url: 'http://127.0.0.1:9/airworthy-probe',
    timeoutMs: 500,
    headers: {},
  }
  // A tool with a check of the probe's own goes along: no control passes on an empty set.
  const standIn = plantedTool(guard, { authChecks: [planted.name] })
  const sample = sampleTools(checked, probedToolsMax)
  const probed = [...sample.tools, standIn]
  const rules = { ...manifest.authChecks, [planted.name]: planted }
  const shortRules = Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, { ...rule, timeoutMs: silenceTimeoutMs }]),
  )
  // The last of the tool's checks misbehaves and the others say yes: one missing yes must be enough.
  let misbehaving: { readonly check: string | undefined; readonly how: Misbehaviour } | undefined
  const authChecks = answeringAuthChecks(async (check, _, signal) =>
    check.name === misbehaving?.check ? await misbehaving.how(check, signal) : { kind: 'allowed' },
  )
  const options = { tools: probed, keep: 'auth-checks', policies: openPolicies(guard, probed), authChecks } as const
  const probe = probeGuard(guard, { ...options, authCheckRules: rules })
  const impatient = probeGuard(guard, { ...options, authCheckRules: shortRules })
  const undefinedCheck = probeGuard(guard, { ...options, authCheckRules: manifest.authChecks })
  const nextTask = probeTasks(context)
  const call = async (through: ProbeGuard, tool: EffectiveTool, how?: Misbehaviour): Promise<Attempt> => {
    misbehaving = how === undefined ? undefined : { check: tool.authChecks.at(-1), how }
    return await attempt(context, through, { task: await nextTask(), tool: tool.name, arguments: {} })
  }
  const leak = (tool: EffectiveTool, what: string): void => {
    failures.push({
      what: `${tool.name} was executed although its auth check ${what}.`,
      mend: 'Report this: the guard must deny without a clear yes.',
    })
  }

  let attempts = 0
  for (const tool of probed) {
    const baseline = await call(probe, tool)
    if (baseline.received !== 1) {
      unclear.push({
        what: `${tool.name} did not reach the upstream with a clear yes either (${told(baseline)}).`,
        mend: 'Look at the reason, mend it, and check again.',
      })
      continue
    }
    for (const [what, misbehave] of misbehaviours) {
      attempts++
      if ((await call(probe, tool, misbehave)).received > 0) leak(tool, what)
    }
  }
  for (const tool of [...sample.tools.slice(0, silentToolsMax - 1), standIn]) {
    attempts++
    if ((await call(impatient, tool, silence)).received > 0) leak(tool, 'timed out')
  }
  attempts++
  if ((await call(undefinedCheck, standIn)).received > 0) leak(standIn, 'is not defined')

  const named =
    changing.length === 0
      ? 'No tool of the manifest changes state; a planted one does.'
      : `All ${changing.length} tools that change state name an auth check.`
  return {
    failures,
    unclear,
    seen: `${named} Of ${attempts} calls on ${sample.tools.length === 0 ? 'it' : sample.text} whose check says no, errs, times out, answers garbage or is down, the upstream received none.`,
    notJudged: ['The services that answer the auth checks were not asked themselves.'],
    details: { changing: changing.length, probed: sample.tools.length, attempts },
  }
}
