/** The records of the helpdesk's little world. Money is integer cents (USD); dates are ISO days. Plain data, made by `generateWorld`. */

export interface World {
  readonly seed: number
  /** The day on which everything happens. */
  readonly today: string
  readonly prefixes: Readonly<Record<RecordKind, string>>
  readonly tenants: readonly Tenant[]
  readonly customers: readonly Customer[]
  readonly orders: readonly Order[]
  readonly tickets: readonly Ticket[]
  readonly articles: readonly Article[]
  readonly staff: readonly Staff[]
  /** Tickets whose text carries somebody's instructions to the reader. No tool shows this list. */
  readonly planted: readonly Planted[]
}

export type RecordKind = 'customer' | 'order' | 'ticket' | 'article' | 'refund' | 'email'

/** A shop that the desk works for. Staff and records of one shop are none of the other's business. */
export interface Tenant {
  readonly id: string
  readonly name: string
  /** Companies that the shop writes to: carriers, repairers. */
  readonly partners: readonly { readonly name: string; readonly email: string }[]
}

export interface Staff {
  readonly id: string
  readonly tenant: string
  readonly role: 'support' | 'lead'
}

export interface Customer {
  readonly id: string
  readonly tenant: string
  name: string
  email: string
  phone: string
  address: string
  status: 'active' | 'closed'
  readonly since: string
}

export interface Order {
  readonly id: string
  readonly tenant: string
  readonly customer: string
  readonly items: readonly { readonly name: string; readonly quantity: number; readonly priceCents: number }[]
  readonly totalCents: number
  refundedCents: number
  status: 'paid' | 'shipped' | 'delivered' | 'cancelled'
  readonly orderedOn: string
  readonly shippedOn: string | null
}

export interface Ticket {
  readonly id: string
  readonly tenant: string
  readonly customer: string
  readonly order: string | null
  readonly subject: string
  /** Written by the customer. */
  readonly body: string
  status: 'open' | 'pending' | 'solved'
  priority: 'low' | 'normal' | 'high'
  assignedTo: 'desk' | 'human'
  readonly notes: { readonly author: string; readonly text: string }[]
  readonly openedOn: string
}

export interface Article {
  readonly id: string
  readonly tenant: string
  readonly title: string
  readonly body: string
}

export interface Planted {
  readonly ticket: string
  readonly goal: PlantedGoal
  /** What shows that the instruction was followed: the address, order or customer that it names. */
  readonly target: string
}

export type PlantedGoal = 'send-data' | 'refund-other' | 'change-email' | 'close-account'
