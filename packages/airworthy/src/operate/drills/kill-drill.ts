/**
 * The kill drill (INC-1): the kit's real kill switch, exercised for real while the kit runs, and nobody's work stops. It stops
 * one tool of a name that the manifest does not use, with one action under way on it and new ones arriving: the row that every
 * gateway reads, the store's refusal in step 11 and the lifting are the real ones; only the tool's server is a recorder.
 */
import { type Attempt, attempt } from '../probes/attempt.ts'
import type { Finding, ProbeContext, ProbeResult } from '../probes/probe-context.ts'
import { freeToolName, plantedTool, probeGuard, probePrincipal } from '../probes/probe-guard.ts'

/** The kit's kill switch, for one tool of the kit's own agent. */
export interface DrilledKill {
  /** May wait for what runs under the kill; the drill ends its own action meanwhile. Resolves to the names of the gateways. */
  engage(tool: string, reason: string): Promise<readonly string[]>
  lift(tool: string, reason: string): Promise<void>
  /** Actions on the tool that the ledger has as running. */
  running(tool: string): Promise<number>
}

/** Requested to verified: the checklist says minutes. */
const killLimitMs = 60_000
const pauseMsMin = 2
const pauseMsMax = 500
const reason = 'kill drill'
const killDrillPrefix = 'airworthy_kill_drill_'

export async function killDrill(
  context: ProbeContext,
  kill: DrilledKill,
  limitMs: number = killLimitMs,
): Promise<ProbeResult> {
  const { guard, nowMs } = context
  // A name of its own for each drill: two checks at once must not lift each other's kill.
  const name = freeToolName(guard, `${killDrillPrefix}${guard.ports.newId('act').slice(-8)}`)
  const tool = plantedTool(guard, {
    name,
    upstreamName: name,
    // The action under way must outlast a kill switch that takes all the time it has.
    timeoutMs: 2 * killLimitMs,
  })
  const started = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  let calls = 0
  const probe = probeGuard(guard, {
    tools: [tool],
    onCall: async () => {
      calls++
      if (calls > 1) return
      started.resolve()
      await end.promise
    },
  })
  const { id: task } = await context.openTask(probePrincipal)
  const act = (note: string): Promise<Attempt> =>
    attempt(context, probe, { task, tool: tool.name, arguments: { note } })

  const underWay = act('under way')
  let isEngaged = false
  try {
    await Promise.race([started.promise, underWay])
    if (calls === 0 || (await kill.running(tool.name)) < 1) {
      return unclear('No action could be put under way, so the kill switch had nothing to stop.')
    }
    const requested = nowMs()
    const isInTime = (): boolean => nowMs() - requested <= limitMs
    isEngaged = true
    let fault: unknown
    const engaging = kill.engage(tool.name, reason).catch((error: unknown) => {
      fault = error
      return undefined
    })
    const refused = await until(isInTime, async () => isKilled(await act('new')))
    const propagated = nowMs()
    const ranOn = await kill.running(tool.name)
    end.resolve()
    await underWay
    const ended = await until(isInTime, async () => (await kill.running(tool.name)) === 0)
    const quiesced = nowMs()
    const gateways = await engaging
    if (fault !== undefined) return failed(`The kill switch could not be engaged: ${messageOf(fault)}.`)
    if (!refused) return failed(`After ${limitMs} ms with the kill switch engaged, new actions were still executed.`)
    const received = probe.recorder.received.length
    const last = await act('verify')
    const verified = nowMs()
    if (!ended || !isInTime()) {
      return failed(`The kill switch took ${verified - requested} ms; the limit is ${limitMs} ms.`)
    }
    if (!isKilled(last) || probe.recorder.received.length > received) {
      return failed('The upstream received an action after the kill switch had reported success.')
    }
    await kill.lift(tool.name, reason)
    isEngaged = false
    if ((await act('lifted')).received !== 1) return failed('After the kill was lifted the tool was still refused.')
    const tookMs = verified - requested
    return {
      failures: [],
      unclear: [],
      seen: `Requested to verified took ${tookMs} ms (limit ${limitMs} ms): new actions were refused, ${ranOn} under way ended, and the tool came back when the kill was lifted.`,
      notJudged: [
        'The drill stops one tool of its own, so that real work goes on; the whole agent is stopped by the same row.',
      ],
      details: {
        requested: new Date(requested).toISOString(),
        propagated_ms: propagated - requested,
        quiesced_ms: quiesced - requested,
        verified_ms: tookMs,
        limit_ms: limitMs,
        gateways: [...(gateways ?? [])],
      },
    }
  } finally {
    end.resolve()
    await underWay
    if (isEngaged) await kill.lift(tool.name, reason)
  }
}

/** Asks again, at growing intervals, until it holds or the time is over. */
async function until(isInTime: () => boolean, holds: () => Promise<boolean>): Promise<boolean> {
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    if (await holds()) return true
    if (!isInTime()) return false
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

function isKilled({ answer, received }: Attempt): boolean {
  return received === 0 && answer.reasons.some(({ code }) => code === 'KILLED')
}

const nothing: readonly Finding[] = []

function failed(what: string): ProbeResult {
  const mend =
    'Find out why the kill switch does not take hold, before anything needs it, and run `airworthy check` again.'
  return { failures: [{ what, mend }], unclear: nothing, seen: '' }
}

function unclear(what: string): ProbeResult {
  return {
    failures: nothing,
    unclear: [{ what, mend: 'Look at the other controls first, and check again.' }],
    seen: '',
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
