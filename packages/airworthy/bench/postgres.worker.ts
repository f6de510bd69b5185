/**
 * One gateway of several, in a process of its own: a kit with the support desk's manifest and policies on the database that it is
 * given, product defaults (enforce, permits, detectors, audit). Its tools are answered in process. Arguments: PROJECT DIR [DB].
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sealEntry } from '../src/audit/seal-entry.ts'
import { newId } from '../src/core/ids.ts'
import { createKit } from '../src/kit.ts'

export type GatewayOrder =
  /** Governed calls, `atOnce` of them at any time, each in a task of its own. */
  | { readonly do: 'calls'; readonly seconds: number; readonly atOnce: number }
  /** Audit entries, each in a transaction of its own; `timeMs` of each says when its append began. */
  | { readonly do: 'append'; readonly seconds: number; readonly perSecond: number }
  | { readonly do: 'stop' }

export interface CallsReport {
  readonly micros: readonly number[]
  /** Statements that the calls sent: for each call, how many times it waited for the database. */
  readonly roundTrips: readonly number[]
  readonly seconds: number
}

/** The desk's budget is 15 calls a task. */
const callsPerTask = 12
const appendsAtOnceMax = 64

const [, , project = '', dir = '', db] = process.argv

/** Counts what is sent on behalf of one call; what the sequencer and the sweep send meanwhile is not the call's. */
const sent = new AsyncLocalStorage<{ count: number }>()
const query = pg.Client.prototype.query
pg.Client.prototype.query = function (this: pg.Client, ...given: never[]) {
  const counter = sent.getStore()
  if (counter !== undefined) counter.count++
  return (query as (...args: never[]) => unknown).apply(this, given)
} as typeof query

const digests = new Map<string, string>()
const result = {
  content: [{ type: 'text', text: 'ok' }],
  structuredContent: { ticket_id: 'XZ-10001', status: 'open' },
}
const kit = await createKit({
  project,
  dir,
  ...(db === undefined ? {} : { db }),
  env: { ...process.env, HELPDESK_URL: 'http://127.0.0.1:9', MODEL_URL: 'http://127.0.0.1:9/v1' },
  upstream: {
    offeredDigest: async (_server, name) => ({ kind: 'offered', definitionDigest: digests.get(name) as never }),
    call: async () => ({ kind: 'answered', isError: false, result }),
    reconcile: async () => ({ state: 'unknown' }),
  },
  authChecks: { ask: async () => ({ kind: 'allowed' }) },
})
for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
await kit.start()
process.on('message', async (order: GatewayOrder) => {
  switch (order.do) {
    case 'calls':
      return process.send?.(await calls(order))
    case 'append':
      await append(order)
      return process.send?.({})
    case 'stop':
      await kit.close()
      process.exit(0)
  }
})
process.send?.(await kit.store.settings())

async function calls({ seconds, atOnce }: { seconds: number; atOnce: number }): Promise<CallsReport> {
  const micros: number[] = []
  const roundTrips: number[] = []
  const beganMs = performance.now()
  const until = beganMs + seconds * 1_000
  const conversation = async (): Promise<void> => {
    while (performance.now() < until) {
      const principal = { id: 'bench', attributes: { role: 'support', tenant: 'bench' } }
      const { task } = await kit.openTask({ principal, input: 'set the ticket to open', openedBy: 'embedded' })
      for (let call = 0; call < callsPerTask; call++) {
        const request = {
          task: task.id,
          tool: 'update_ticket',
          arguments: { ticket_id: `XZ-${10_000 + call}`, status: 'open' },
          door: 'embedded',
        } as const
        const counter = { count: 0 }
        const startedAt = performance.now()
        const answer = await sent.run(counter, () => kit.act(request))
        micros.push((performance.now() - startedAt) * 1_000)
        roundTrips.push(counter.count)
        if (answer.state !== 'succeeded')
          throw new Error(`the bench call was not executed: ${JSON.stringify(answer.reasons)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, conversation))
  return { micros, roundTrips, seconds: (performance.now() - beganMs) / 1_000 }
}

async function append({ seconds, perSecond }: { seconds: number; perSecond: number }): Promise<void> {
  const running = new Set<Promise<void>>()
  const beganMs = performance.now()
  for (let index = 0; index < seconds * perSecond; ) {
    const due = Math.ceil(((performance.now() - beganMs) / 1_000) * perSecond)
    for (; index < Math.min(due, seconds * perSecond) && running.size < appendsAtOnceMax; index++) {
      const timeMs = Date.now()
      const entry = sealEntry({
        id: newId('ent', timeMs),
        timeMs,
        kind: 'kit-started',
        actor: { kind: 'kit', id: 'bench', verifiedBy: 'kit' },
        agent: kit.agent,
      })
      const done = kit.store.audit.append(entry).then(() => void running.delete(done))
      running.add(done)
    }
    await sleep(1)
  }
  await Promise.all(running)
}
