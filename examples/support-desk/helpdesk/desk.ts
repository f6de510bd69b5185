/** The state of one running helpdesk: a generated world, and what has happened to it since. In memory; gone when the process ends. */
import { generateWorld } from '../world/generate.ts'
import { type Random, randomFrom } from '../world/random.ts'
import type { Customer, Order, RecordKind, Ticket, World } from '../world/world.ts'

interface Refund {
  readonly id: string
  readonly order: string
  readonly amountCents: number
  readonly reason: string
  /** Account that it goes to; absent: the original way of payment. */
  readonly account?: string
}

interface SentEmail {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly body: string
}

export interface Desk {
  readonly world: Omit<World, 'tickets'> & { readonly tickets: Ticket[] }
  readonly refunds: Refund[]
  /** What left the house. Nothing is really sent: this is a simulated world. */
  readonly emails: SentEmail[]
  newId(kind: RecordKind): string
}

export function createDesk(seed: number): Desk {
  const world = generateWorld(seed)
  const random = randomFrom(seed, 'later')
  const used = new Set([...world.customers, ...world.orders, ...world.tickets, ...world.articles].map(({ id }) => id))
  return {
    world: { ...world, tickets: [...world.tickets] },
    refunds: [],
    emails: [],
    newId: (kind) => unusedId(world.prefixes[kind], random, used),
  }
}

function unusedId(prefix: string, random: Random, used: Set<string>): string {
  for (;;) {
    const id = `${prefix}-${random.integer(100_000, 999_999)}`
    if (used.has(id)) continue
    used.add(id)
    return id
  }
}

/** An expected refusal by a tool: the record is not there, or the state of things forbids it. Its message is for the caller. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal'
}

/** @throws ToolRefusal when there is no such customer. */
export function customerOf(desk: Desk, id: string): Customer {
  return found(desk.world.customers, id, 'customer')
}

/** @throws ToolRefusal when there is no such order. */
export function orderOf(desk: Desk, id: string): Order {
  return found(desk.world.orders, id, 'order')
}

/** @throws ToolRefusal when there is no such ticket. */
export function ticketOf(desk: Desk, id: string): Ticket {
  return found(desk.world.tickets, id, 'ticket')
}

function found<T extends { readonly id: string }>(records: readonly T[], id: string, kind: string): T {
  const record = records.find((one) => one.id === id)
  if (record === undefined) throw new ToolRefusal(`No ${kind} has the id ${id}.`)
  return record
}
