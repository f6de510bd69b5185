/** RULE-1's evidence: the latest failed tasks replayed; where none failed, the latest ones and a planted failure. */
import type { Digest } from '../../core/digest.ts'
import { AirworthyError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { version } from '../../core/version.ts'
import { type Cassette, kindOfExchange } from '../../evals/cassette/cassette.ts'
import { readCassette } from '../../operate/recordings/read-cassette.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { Store } from '../../store/store.ts'
import type { ReplayedTask, Replayer } from './replay-task.ts'

export interface FailedReplays {
  readonly replayed: readonly ReplayedTask[]
  /** Whether a planted failure was found; undefined: there were real ones, and none was planted. */
  readonly planted: boolean | undefined
}

/** Replays, and records what it says of RULE-1. Nothing is recorded where nothing could be replayed. */
export async function replayFailed(
  store: Store,
  replayer: Replayer,
  {
    limit,
    release,
    environment,
    onReplay = () => {},
  }: {
    readonly limit: number
    /** The one that is replayed: tasks of others are none of its evidence. */
    readonly release: Digest
    readonly environment: string
    readonly onReplay?: (one: ReplayedTask) => void
  },
): Promise<FailedReplays> {
  const { tasks, isPlanted, what, simulated } = await latestFailed(store, { release, environment, limit })
  const replayed: ReplayedTask[] = []
  for (const task of tasks) {
    const one = await replayedOrMissing(store, replayer, task)
    replayed.push(one)
    onReplay(one)
  }
  if (replayed.length === 0) return { replayed, planted: undefined }
  // A replay that could not tell one character would prove nothing.
  const planted = isPlanted ? await plantedFound(await cassetteOf(store, tasks[0] as string), replayer) : undefined
  await recordEvidence(store, replayed, planted, { release, environment, what, simulated })
  return { replayed, planted }
}

interface LatestFailed {
  readonly tasks: readonly string[]
  /** None failed. */
  readonly isPlanted: boolean
  /** What they are, for people. */
  readonly what: string
  /** A world of evals is in one of them. */
  readonly simulated: boolean
}

/** What really happened in an environment counts there; in dev, and where nothing was recorded, trials do as well. */
async function latestFailed(
  store: Store,
  { release, environment, limit }: { readonly release: Digest; readonly environment: string; readonly limit: number },
): Promise<LatestFailed> {
  const filter = { release, environment, limit }
  const recorded = {
    failed: await store.recordings.listRecordings({ ...filter, hasFailed: true }),
    all: await store.recordings.listRecordings({ ...filter, hasFailed: false }),
  }
  const trials =
    environment === 'dev' || recorded.all.length === 0 ? await latestTrials(store, release, limit) : noTrials
  const isPlanted = recorded.failed.length === 0 && !trials.hasFailed
  const [tasks, tried] = isPlanted ? [recorded.all, trials.others] : [recorded.failed, trials.failed]
  // Ids begin with the time at which they were made.
  const latest = [...tasks, ...tried].sort((one, other) => (one < other ? 1 : -1)).slice(0, limit)
  const simulated = latest.some((task) => tried.includes(task))
  const kinds = [
    ...(latest.some((task) => tasks.includes(task)) ? ['recorded tasks'] : []),
    ...(simulated ? ['trials'] : []),
  ].join(' and ')
  return { tasks: latest, isPlanted, what: isPlanted ? `latest ${kinds} (none failed)` : `failed ${kinds}`, simulated }
}

/** Those that can be replayed, and whether one failed that cannot. */
interface LatestTrials {
  readonly hasFailed: boolean
  readonly failed: readonly string[]
  readonly others: readonly string[]
}
const noTrials: LatestTrials = { hasFailed: false, failed: [], others: [] }

async function latestTrials(store: Store, release: Digest, limit: number): Promise<LatestTrials> {
  const plans = await store.evals.listPlans({ release, limit: plansMax })
  const failed: string[] = []
  const others: string[] = []
  for (const { run } of plans) {
    const rows = (await store.evals.readRows(run)).map(({ row }) => row)
    for (const { state, task } of rows.sort((a, b) => b.atMs - a.atMs)) {
      if (task === undefined) continue
      if (state === 'failed') failed.push(task)
      else if (state === 'passed') others.push(task)
    }
    if (failed.length >= limit) break
  }
  return {
    hasFailed: failed.length > 0,
    failed: await withCassette(store, failed, limit),
    others: await withCassette(store, others, limit),
  }
}

async function withCassette(store: Store, tasks: readonly string[], limit: number): Promise<readonly string[]> {
  const kept: string[] = []
  for (const task of tasks) {
    if (kept.length >= limit) break
    if ((await store.evals.readCassette(task)) !== undefined) kept.push(task)
  }
  return kept
}

/** A failure of which not enough is on record does not reproduce: it counts as one that departs at its first step. */
async function replayedOrMissing(store: Store, replayer: Replayer, task: string): Promise<ReplayedTask> {
  try {
    return await replayer.replay(await cassetteOf(store, task))
  } catch (error) {
    if (!(error instanceof AirworthyError) || error.code !== 'CASSETTE_UNKNOWN') throw error
    const { message } = error
    const difference = { step: 1, kind: 'missing', path: '', want: message, got: 'nothing to begin with' } as const
    return {
      task,
      identical: false,
      difference,
      exchanges: 0,
      answered: 0,
      exempted: [],
      redacted: 0,
      missing: [message],
    }
  }
}

const plansMax = 20

/** @throws CASSETTE_UNKNOWN */
export async function cassetteOf(store: Store, task: string): Promise<Cassette> {
  const cassette = await readCassette(store, task)
  if (cassette === undefined) {
    throw new AirworthyError({
      code: 'CASSETTE_UNKNOWN',
      message: `The task ${task.slice(0, 64)} has no record that could be replayed.`,
      mend: 'Name a task of an eval run (`airworthy trace ls --probes` lists them), or record tasks: `airworthy up --record`.',
    })
  }
  const { input, turns } = cassette.given
  if (input !== undefined || turns !== undefined) return cassette
  throw new AirworthyError({
    code: 'CASSETTE_UNKNOWN',
    message: `What the task ${task.slice(0, 64)} was asked for is not on record: its opener did not say it, or it was erased.`,
    mend: 'Open tasks with their input.',
  })
}

/** One character of one recorded request is changed: the replay must find it. */
async function plantedFound(cassette: Cassette, replayer: Replayer): Promise<boolean> {
  const at = cassette.exchanges.findIndex(
    (exchange) => exchange.lost === undefined && kindOfExchange(exchange).kind !== 'other',
  )
  const change = (text: string): string => text.replace(/[a-z](?=[^a-z]*$)/, (letter) => (letter === 'x' ? 'y' : 'x'))
  const exchanges = cassette.exchanges.map((exchange, index) =>
    index === at ? { ...exchange, request: change(exchange.request) } : exchange,
  )
  const { difference } = await replayer.replay({ ...cassette, exchanges })
  return difference?.step === at + 1
}

async function recordEvidence(
  store: Store,
  replayed: readonly ReplayedTask[],
  planted: boolean | undefined,
  {
    release,
    environment,
    what,
    simulated,
  }: { readonly release: Digest; readonly environment: string; readonly what: string; readonly simulated: boolean },
): Promise<void> {
  const departed = replayed.filter(({ identical }) => !identical)
  const [first] = departed
  const exempted = [...new Set(replayed.flatMap((one) => one.exempted))]
  const isGood = departed.length === 0 && planted !== false
  const redacted = replayed.filter((one) => one.redacted > 0).length
  const lacking = departed.filter(({ difference }) => difference?.kind === 'missing').length
  const evidence: Evidence = {
    control: 'RULE-1',
    release,
    environment,
    producer: `replay ${version}`,
    atMs: Date.now(),
    // The worlds of evals are not real, whatever else is.
    simulated,
    outcome: isGood ? 'pass' : 'fail',
    summary: isGood
      ? `${replayed.length} ${what} were replayed against their records, each byte for byte.${planted === true ? ' A planted failure was found.' : ''}${exempted.length === 0 ? '' : ` Exempt, since they differ by nature: ${exempted.join(', ')}.`}${redacted === 0 ? '' : ` In ${redacted} of them something is redacted, and not compared.`}`
      : first === undefined
        ? 'The planted failure was not found, so the replays prove nothing.'
        : `${departed.length} of ${replayed.length} ${what} departed from their records; ${first.task} first at step ${first.difference?.step}${first.difference?.path === '' ? '' : `, ${first.difference?.path}`}.`,
    ...(isGood
      ? {}
      : {
          mend:
            lacking > 0 && lacking === departed.length
              ? 'See `airworthy trace replay TASK`: its record has a gap. See docs/traces.md on what is not recorded.'
              : 'See `airworthy trace replay TASK`: make the agent repeat itself (no clock, no random ids in what it sends).',
        }),
    details: {
      replayed: replayed.length,
      identical: replayed.length - departed.length,
      ...(planted === undefined ? {} : { planted }),
    },
  }
  const atMs = Date.now()
  await store.evidence.recordEvidence({
    evidence: [evidence],
    entry: {
      id: newId('ent', atMs),
      timeMs: atMs,
      kind: 'evidence-recorded',
      actor: { kind: 'operator', id: 'cli', verifiedBy: 'folder_access' },
      release,
      environment,
      details: { outcomes: { 'RULE-1': evidence.outcome } },
    },
  })
}
