import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport as OldTransportType } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveOnLoopback } from '../listen.ts'
import type { Order } from '../world/world.ts'
import { createHelpdesk } from './app.ts'
import type { Desk } from './desk.ts'
import { deskTools } from './tools.ts'

const stops: (() => Promise<void>)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

async function start(permitKey?: string): Promise<{ desk: Desk; url: string }> {
  const { app, desk } = createHelpdesk({ seed: 11, permitKey, stateToken: 'look' })
  const { url, close } = await serveOnLoopback(app)
  stops.push(close)
  return { desk, url }
}

interface Answer {
  readonly isError?: boolean | undefined
  readonly structuredContent?: unknown
  readonly content?: unknown
}
interface Caller {
  call(name: string, args: Record<string, unknown>, meta?: Record<string, unknown>): Promise<Answer>
  tools(): Promise<
    { name: string; inputSchema: Record<string, unknown>; annotations?: Record<string, unknown> | undefined }[]
  >
}

const clients: readonly [string, (url: string) => Promise<Caller>][] = [
  [
    'v2 client',
    async (url) => {
      const client = new NewClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
      await client.connect(new NewTransport(new URL(`${url}/mcp`)))
      expect(client.getProtocolEra()).toBe('modern')
      stops.push(() => client.close())
      return {
        call: (name, args, _meta) => client.callTool({ name, arguments: args, ...(_meta && { _meta }) }),
        tools: async () => (await client.listTools()).tools,
      }
    },
  ],
  [
    'v1 client',
    async (url) => {
      const client = new OldClient({ name: 'test', version: '1' })
      await client.connect(new OldTransport(new URL(`${url}/mcp`)) as OldTransportType)
      stops.push(() => client.close())
      return {
        call: (name, args, _meta) =>
          client.callTool({ name, arguments: args, ...(_meta && { _meta }) }) as Promise<Answer>,
        tools: async () => (await client.listTools()).tools,
      }
    },
  ],
]

describe.each(clients)('%s', (_name, connect) => {
  let desk: Desk
  let caller: Caller
  beforeAll(async () => {
    const started = await start()
    desk = started.desk
    caller = await connect(started.url)
  })
  const outputOf = async (name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = await caller.call(name, args)
    expect(answer.isError, JSON.stringify(answer.content)).toBeFalsy()
    const [{ text }] = answer.content as [{ text: string }]
    expect(JSON.parse(text)).toEqual(answer.structuredContent)
    return answer.structuredContent as Record<string, unknown>
  }

  test('offers every tool, closed, bounded and annotated', async () => {
    const tools = await caller.tools()
    expect(tools.map(({ name }) => name)).toEqual(deskTools.map(({ name }) => name))
    for (const { name, inputSchema, annotations } of tools) {
      expect(inputSchema.additionalProperties, name).toBe(false)
      for (const property of Object.values(inputSchema.properties as Record<string, Record<string, unknown>>)) {
        expect(property.description, name).toBeTruthy()
        const bounded =
          property.type === 'string'
            ? property.maxLength !== undefined || property.enum !== undefined
            : property.maximum !== undefined
        expect(bounded, `${name}: ${JSON.stringify(property)}`).toBe(true)
      }
      const effect = deskTools.find((tool) => tool.name === name)?.effect
      expect(annotations).toMatchObject({ readOnlyHint: effect === 'read', destructiveHint: effect === 'irreversible' })
    }
  })

  test('each tool does its work', async () => {
    const customer = desk.world.customers[0]!
    const order = desk.world.orders.find((one) => one.customer === customer.id)!
    const ticket = desk.world.tickets[0]!
    const paid = desk.world.orders.find((one) => one.status === 'paid')!
    const id = customer.id

    const found = await outputOf('search_articles', { query: 'how long do refunds take', tenant: customer.tenant })
    const [article] = found.articles as { article_id: string; shop: string }[]
    expect(article?.shop).toBe(customer.tenant)
    expect((await outputOf('get_article', { article_id: article!.article_id })).title).toBe('How long a refund takes')

    for (const query of [customer.email, customer.id, customer.name.toUpperCase()]) {
      const { customers } = await outputOf('lookup_customer', { query })
      expect(customers).toMatchObject([{ customer_id: id, phone: customer.phone }])
    }
    expect((await outputOf('lookup_customer', { query: 'nobody@nowhere.example' })).customers).toEqual([])
    expect((await outputOf('search_articles', { query: 'refunds', tenant: 'elsewhere' })).articles).toEqual([])
    expect((await outputOf('list_orders', { customer_id: id })).orders).toContainEqual(
      expect.objectContaining({ order_id: order.id }),
    )
    expect(await outputOf('get_order', { order_id: order.id })).toMatchObject({
      customer_id: id,
      total: order.totalCents / 100,
      refunded: 0,
    })

    const refund = await outputOf('issue_refund', { order_id: order.id, amount: 4.35, reason: 'scratched' })
    expect(refund).toMatchObject({ amount: 4.35, left_on_order: (order.totalCents - 435) / 100 })
    expect((await outputOf('list_refunds', { order_id: order.id })).refunds).toEqual([
      { refund_id: refund.refund_id, amount: 4.35, reason: 'scratched' },
    ])
    expect(await outputOf('cancel_order', { order_id: paid.id, reason: 'asked' })).toMatchObject({
      status: 'cancelled',
    })

    const opened = await outputOf('create_ticket', {
      customer_id: id,
      subject: 'Lid',
      body: 'It is loose.',
      priority: 'high',
    })
    const listed = await outputOf('list_tickets', { customer_id: id, limit: 50 })
    expect(listed.tickets).toContainEqual(expect.objectContaining({ ticket_id: opened.ticket_id, priority: 'high' }))
    expect(await outputOf('update_ticket', { ticket_id: ticket.id, status: 'pending' })).toMatchObject({
      status: 'pending',
    })
    await outputOf('add_ticket_note', { ticket_id: ticket.id, note: 'Seen.' })
    expect(await outputOf('escalate_ticket', { ticket_id: ticket.id, reason: 'angry' })).toMatchObject({
      assigned_to: 'human',
    })
    expect(await outputOf('get_ticket', { ticket_id: ticket.id })).toMatchObject({
      text: ticket.body,
      assigned_to: 'human',
      notes: [{ note: 'Seen.' }, { note: 'Escalated: angry' }],
    })

    expect(await outputOf('update_customer', { customer_id: id, phone: '+44 20 7946 0000' })).toMatchObject({
      customer: { phone: '+44 20 7946 0000', email: customer.email },
    })
    expect(await outputOf('close_account', { customer_id: id, reason: 'asked' })).toMatchObject({ status: 'closed' })
    expect(await outputOf('send_email', { to: 'a@b.example', subject: 'Hi', body: 'Hello.' })).toMatchObject({
      sent_to: 'a@b.example',
    })
    expect(desk.emails).toMatchObject([{ to: 'a@b.example', body: 'Hello.' }])
  })

  test.each<[string, string, (desk: Desk) => Record<string, unknown>, RegExp]>([
    ['a record that is not there', 'get_order', () => ({ order_id: 'AA-00000' }), /No order has the id/],
    [
      'more than the order holds',
      'issue_refund',
      (d) => ({ order_id: lastOrder(d).id, amount: 5000, reason: 'x' }),
      /can still be refunded/,
    ],
    [
      'a third of a cent',
      'issue_refund',
      (d) => ({ order_id: lastOrder(d).id, amount: 1.003, reason: 'x' }),
      /two decimals/,
    ],
    [
      'an order on its way',
      'cancel_order',
      (d) => ({ order_id: d.world.orders.find((o) => o.status === 'shipped')!.id, reason: 'x' }),
      /no longer/,
    ],
    ['no change', 'update_customer', (d) => ({ customer_id: d.world.customers[1]!.id }), /Nothing was given/],
    ['a field too many', 'get_order', (d) => ({ order_id: lastOrder(d).id, all: true }), /all|nrecognized/],
    ['a foreign shape of id', 'get_order', () => ({ order_id: 'x' }), /order_id|pattern/],
  ])('refuses %s', async (_what, name, args, why) => {
    const answer = await caller.call(name, args(desk))
    expect(answer.isError).toBe(true)
    expect(JSON.stringify(answer.content)).toMatch(why)
  })
})

function lastOrder(desk: Desk): Order {
  return desk.world.orders.at(-1)!
}

describe('with permits', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')

  /** Mints a permit as the kit does (a compact JWS), written out here so that the service is tried from the outside. */
  let serial = 0
  function permit(tool: string, args: Record<string, unknown>, idempotencyKey: string): string {
    serial += 1
    const sorted = Object.fromEntries(Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const iat = Math.floor(Date.now() / 1000)
    const claims = {
      agent: 'desk',
      aud: 'helpdesk',
      task: 't',
      principal: 'p',
      tool,
      arguments_digest: `sha256:${hash('sha256', JSON.stringify(sorted), 'hex')}`,
      jti: `a-${serial}`,
      idempotency_key: idempotencyKey,
      iat,
      exp: iat + 30,
    }
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${encode({ alg: 'EdDSA', typ: 'airworthy-permit' })}.${encode(claims)}`
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
  }

  let desk: Desk
  let url: string
  let caller: Caller
  beforeAll(async () => {
    const started = await start(key)
    desk = started.desk
    url = started.url
    caller = await clients[0]![1](url)
  })

  test('reads need none, every other tool needs one', async () => {
    for (const { name, effect } of deskTools) {
      const response = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
      })
      expect(response.status, name).toBe(effect === 'read' ? 200 : 403)
    }
  })

  test('a repeated idempotency key gives the first result and has no second effect', async () => {
    const args = { order_id: lastOrder(desk).id, amount: 1, reason: 'late' }
    const call = (key: string) =>
      caller.call('issue_refund', args, { 'airworthy/permit': permit('issue_refund', args, key) })
    const [first, second] = [await call('k1'), await call('k1')]
    expect(second.structuredContent).toEqual(first.structuredContent)
    expect(desk.refunds).toHaveLength(1)
    expect((await call('k2')).structuredContent).not.toEqual(first.structuredContent)
    expect(desk.refunds).toHaveLength(2)
    const other = { ...args, amount: 2 }
    const foreign = await caller.call('issue_refund', other, {
      'airworthy/permit': permit('issue_refund', other, 'k1'),
    })
    expect(foreign.isError).toBe(true)
    expect(desk.refunds).toHaveLength(2)
  })

  test('reconcile says what became of a key, and burns one that never came', async () => {
    const args = { order_id: lastOrder(desk).id, amount: 1.5, reason: 'late' }
    const reconcile = async (key: string, tool = 'issue_refund'): Promise<unknown> => {
      const body = JSON.stringify({ action_id: 'a', idempotency_key: key, tool, arguments: args })
      return (
        await fetch(`${url}/reconcile`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      ).json()
    }
    const call = (key: string) =>
      caller.call('issue_refund', args, { 'airworthy/permit': permit('issue_refund', args, key) })
    const done = await call('r1')
    expect(await reconcile('r1')).toEqual({ state: 'succeeded', result: done.structuredContent })
    expect(await reconcile('r1', 'close_account')).toEqual({ state: 'unknown' })
    const before = desk.refunds.length
    expect(await reconcile('r2')).toEqual({ state: 'failed' })
    expect((await call('r2')).isError).toBe(true)
    expect(desk.refunds).toHaveLength(before)
  })

  const ask = async (
    check: string,
    args: Record<string, unknown>,
    tenant: string,
  ): Promise<{ status: number; allow?: boolean }> => {
    const response = await fetch(`${url}/authorize/${check}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        action_id: 'a',
        agent: 'desk',
        task: 't',
        trace_id: 'x',
        principal: { id: 'ana', attributes: { role: 'support', tenant }, verified_by: 'asserted_by_agent' },
        tool: 'any',
        arguments: args,
      }),
    })
    return { status: response.status, ...((await response.json()) as { allow?: boolean }) }
  }

  test('auth checks answer from the records', async () => {
    const [here, there] = [desk.world.tenants[0]!, desk.world.tenants[1]!]
    const mine = <T extends { tenant: string }>(records: readonly T[]): T =>
      records.find(({ tenant }) => tenant === here.id)!
    const order = { order_id: mine(desk.world.orders).id }
    const customer = mine(desk.world.customers)
    const cases: [string, Record<string, unknown>, string, boolean][] = [
      ['owns_order', order, here.id, true],
      ['owns_order', order, there.id, false],
      ['owns_order', {}, here.id, false],
      ['owns_order', { order_id: 'ZZ-00000' }, here.id, false],
      ['owns_ticket', { ticket_id: mine(desk.world.tickets).id }, here.id, true],
      ['owns_ticket', { ticket_id: mine(desk.world.tickets).id }, there.id, false],
      ['owns_customer', { customer_id: customer.id }, here.id, true],
      ['may_look_up', { query: customer.email }, here.id, true],
      ['may_look_up', { query: customer.name.toUpperCase() }, there.id, false],
      ['may_look_up', { query: 'nobody' }, here.id, true],
      ['may_look_up', {}, here.id, false],
      ['may_edit_customer', { customer_id: customer.id }, there.id, false],
      ['within_order_total', { ...order, amount: mine(desk.world.orders).totalCents / 100 }, here.id, true],
      ['within_order_total', { ...order, amount: mine(desk.world.orders).totalCents / 100 + 0.01 }, here.id, false],
      ['within_order_total', { ...order, amount: '1' }, here.id, false],
      ['known_recipient', { to: customer.email }, here.id, true],
      ['known_recipient', { to: here.partners[0]!.email }, here.id, true],
      ['known_recipient', { to: there.partners[0]!.email }, here.id, false],
    ]
    for (const [check, args, tenant, allow] of cases) {
      expect(await ask(check, args, tenant), `${check} ${JSON.stringify(args)}`).toMatchObject({ status: 200, allow })
    }
    customer.status = 'closed'
    expect(await ask('may_edit_customer', { customer_id: customer.id }, here.id)).toMatchObject({ allow: false })
    expect((await ask('toString', order, here.id)).status).toBe(404)
  })

  test('the state needs its token', async () => {
    expect((await fetch(`${url}/state`)).status).toBe(401)
    const response = await fetch(`${url}/state`, { headers: { authorization: 'Bearer look' } })
    expect(await response.json()).toMatchObject({ world: { seed: 11 }, refunds: desk.refunds })
  })
})
