/**
 * A gateway in a process of its own, as `airworthy up --db` runs one: a kit on the shared database behind a socket. It does what its
 * channel asks, many things at a time, and stops on SIGTERM. Arguments: PROJECT DIR WORLD DB.
 */
import { createKit, type Kit } from '../../src/kit.ts'
import { serve } from '../../src/server/serve.ts'
import { rowsUpstream } from './gateway-project.ts'

/** What may be asked, and what comes back; a refusal comes back as its code. */
export interface GatewayOrders {
  open: [input: string, task: string]
  act: [request: { task: string; tool: string; id: string; key?: string }, answer: Awaited<ReturnType<Kit['act']>>]
  approve: [approval: string, decided: boolean]
  kill: [tool: string, report: Awaited<ReturnType<Kit['kill']>>]
  revive: [tool: string, lifted: boolean]
  state: [nothing: null, state: { coveredSize: number; unready: string | null; failure: string | null }]
}

const [, , project = '', dir = '', world = '', db = ''] = process.argv
const digests = new Map<string, string>()
const kit = await createKit({
  project,
  dir,
  db,
  env: {},
  log: (line) => console.error(line),
  upstream: rowsUpstream(world, (name) => digests.get(name) ?? ''),
})
for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
await kit.start()
const http = await serve(kit, { port: 0 })
const actor = { kind: 'operator', id: 'op', verifiedBy: 'operator_key' } as const
const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_1', verifiedBy: 'person_key' }

const orders: { [Name in keyof GatewayOrders]: (given: GatewayOrders[Name][0]) => Promise<GatewayOrders[Name][1]> } = {
  open: async (input) => (await kit.openTask({ principal: { id: 'ana' }, input, openedBy: 'embedded' })).task.id,
  act: ({ task, tool, id, key }) =>
    kit.act({ task, tool, arguments: { id }, door: 'api', ...(key === undefined ? {} : { idempotencyKey: key }) }),
  async approve(id) {
    await kit.decideApproval({ id, decision: 'approved', approver })
    return true
  },
  kill: (tool) => kit.kill({ tool, reason: 'the test says so', actor }),
  revive: (tool) => kit.revive({ tool, reason: 'the test says so', actor }),
  state: async () => ({
    coveredSize: kit.sequencer.coveredSize,
    unready: (await kit.unreadiness()) ?? null,
    failure: kit.sequencer.failure === undefined ? null : String(kit.sequencer.failure),
  }),
}

process.on('message', async ({ turn, name, given }: { turn: number; name: keyof GatewayOrders; given: never }) => {
  try {
    process.send?.({ turn, done: await orders[name](given) })
  } catch (error) {
    process.send?.({ turn, refused: (error as { code?: unknown }).code ?? String(error) })
  }
})
process.once('SIGTERM', async () => {
  await http.close()
  await kit.close()
  process.exit(0)
})
process.on('disconnect', () => process.exit(1))
process.send?.({ url: http.url, operator: kit.keys.operator, vkey: kit.vkey })
