/**
 * The airline's manifest on recorded runs: what the written policy forbids (a list made beforehand, without the kit) is denied or held,
 * and runs that reached their goal are left in peace. Once as `policy replay` does it, where nobody answers the auth checks, and once
 * with a stand-in for the airline's service that does.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Replay, ReplayedCall } from '../../src/operate/replay/replay.ts'
import { readRuns } from '../../src/telemetry/read-runs.ts'
import { datasetsAbsent, datasetText } from '../fixtures/public-dataset.ts'
import { type AirlineTables, airlineService } from './airline-service.ts'
import { exampleFaults, exampleFolder, replayExample, share } from './example-folder.ts'
import { findForbiddenCalls } from './find-forbidden-calls.ts'

interface ListedCall {
  readonly run: string
  readonly call: number
  readonly tool: string
  readonly computed?: readonly string[]
  readonly read?: readonly string[]
}

const folder = exampleFolder('airline')
const listed = (parse(readFileSync(join(folder, 'forbidden-calls.yaml'), 'utf8')) as { calls: ListedCall[] }).calls
const nameOf = (run: string, call: number): string => `${run}#${call}`

describe('examples/airline', () => {
  it('has no fault', () => expect(exampleFaults('airline')).toEqual([]))

  it('says in its README what becomes of every rule on the list', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    const rules = new Set(listed.flatMap(({ computed = [], read = [] }) => [...computed, ...read]))
    expect([...rules].filter((rule) => !readme.includes(`\`${rule}\``))).toEqual([])
  })
})

describe.skipIf(datasetsAbsent)(
  `examples/airline on recorded runs${datasetsAbsent ? `: ${datasetsAbsent}` : ''}`,
  () => {
    it('lists exactly what reading the runs beside the records finds', () => {
      const computed = listed.flatMap(({ run, call, tool, computed: rules }) =>
        rules ? [{ run, call, tool, rules }] : [],
      )
      expect(findForbiddenCalls()).toEqual(computed)
    })

    it('denies or holds every listed call, and denies at most 2 % of the calls of rewarded runs', async () => {
      const found = await judge()
      console.log(`examples/airline, auth checks unanswered: ${found.text}`)
      expect(found.allowedOfList).toEqual([])
      expect(found.deniedOfRewarded / found.rewarded).toBeLessThanOrEqual(0.02)
      expect(found.figures).toEqual({ denied: 6, deniedOfList: 6, deniedOfRewarded: 1 })
    })

    it('denies what the records show, when the service answers from them, and nothing that is not on the list', async () => {
      const found = await judge(airlineService(tables()))
      console.log(`examples/airline, auth checks answered:   ${found.text}`)
      expect(found.allowedOfList).toEqual([])
      expect(found.deniedButUnlisted).toEqual([])
      // Whether a user id came from the traveller shows in no record: such a change waits for the traveller instead.
      const provable = listed.filter(({ computed = [] }) => computed.some((rule) => rule !== 'user-id-from-user'))
      expect(provable.map(({ run, call }) => nameOf(run, call)).filter((name) => !found.denied.has(name))).toEqual([])
      expect(found.figures).toEqual({ denied: 50, deniedOfList: 50, deniedOfRewarded: 5 })
    })
  },
)

async function judge(answerCheck?: ReturnType<typeof airlineService>) {
  const { runs, unread } = readRuns(datasetText('tau-bench-trajectories', 'gpt-4o-airline.jsonl'), 'tau-bench')
  expect(unread).toEqual([])
  const replay = await replayExample('airline', { runs, ...(answerCheck === undefined ? {} : { answerCheck }) })
  const calls = callsOf(replay)
  const of = (decision: ReplayedCall['decision']): Set<string> =>
    new Set([...calls].filter(([, call]) => call.decision === decision).map(([name]) => name))
  const [denied, held] = [of('deny'), of('confirm')]
  const names = new Set(
    listed.map(({ run, call, tool }) => {
      expect(calls.get(nameOf(run, call))?.tool, nameOf(run, call)).toBe(tool)
      return nameOf(run, call)
    }),
  )
  const rewarded = runs
    .filter(({ outcome }) => outcome?.reward === 1)
    .flatMap((run) => run.calls.map(({ index }) => nameOf(run.name, index)))
  const deniedOfRewarded = rewarded.filter((name) => denied.has(name)).length
  const heldOfRewarded = rewarded.filter((name) => held.has(name)).length
  const deniedOfList = [...names].filter((name) => denied.has(name)).length
  return {
    denied,
    allowedOfList: [...names].filter((name) => !denied.has(name) && !held.has(name)),
    deniedButUnlisted: [...denied].filter((name) => !names.has(name)),
    rewarded: rewarded.length,
    deniedOfRewarded,
    figures: { denied: denied.size, deniedOfList, deniedOfRewarded },
    text: `${calls.size} calls, ${denied.size} denied, ${held.size} held; of the forbidden calls ${share(deniedOfList, names.size)} denied, the others held; of the calls of rewarded runs ${share(deniedOfRewarded, rewarded.length)} denied and ${heldOfRewarded} held`,
  }
}

function callsOf({ runs }: Replay): Map<string, ReplayedCall> {
  return new Map(runs.flatMap((run) => run.calls.map((call) => [nameOf(run.name, call.index), call] as const)))
}

function tables(): AirlineTables {
  const json = (name: string): never => JSON.parse(datasetText('tau2-airline', `${name}.json`)) as never
  return { reservations: json('db_reservations'), users: json('db_users'), flights: json('db_flights') }
}
