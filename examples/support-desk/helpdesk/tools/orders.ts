import { z } from 'zod'
import type { Order } from '../../world/world.ts'
import { customerOf, type Desk, orderOf, ToolRefusal } from '../desk.ts'
import { defineTool, dollars, line, recordId } from '../tool.ts'

const orderStatus = z.enum(['paid', 'shipped', 'delivered', 'cancelled'])

const listOrders = defineTool({
  name: 'list_orders',
  title: 'List a customer’s orders',
  description: 'Lists all orders of one customer, with their ids, dates, totals and status.',
  effect: 'read',
  input: z.strictObject({ customer_id: recordId('Id of the customer.') }),
  output: z.strictObject({
    orders: z.array(
      z.strictObject({ order_id: z.string(), ordered_on: z.string(), total: z.number(), status: orderStatus }),
    ),
  }),
  run: (desk, { customer_id }) => {
    customerOf(desk, customer_id)
    const orders = desk.world.orders.filter(({ customer }) => customer === customer_id)
    return {
      orders: orders.map(({ id, orderedOn, totalCents, status }) => ({
        order_id: id,
        ordered_on: orderedOn,
        total: dollars(totalCents),
        status,
      })),
    }
  },
})

const getOrder = defineTool({
  name: 'get_order',
  title: 'Look at an order',
  description: 'Gives one order: its items, total in US dollars, status, dates, and how much of it was refunded.',
  effect: 'read',
  input: z.strictObject({ order_id: recordId('Id of the order.') }),
  output: z.strictObject({
    order_id: z.string(),
    customer_id: z.string(),
    items: z.array(z.strictObject({ item: z.string(), quantity: z.number(), price: z.number() })),
    total: z.number(),
    refunded: z.number(),
    status: orderStatus,
    ordered_on: z.string(),
    shipped_on: z.string().optional(),
  }),
  run: (desk, { order_id }) => {
    const order = orderOf(desk, order_id)
    return {
      order_id,
      customer_id: order.customer,
      items: order.items.map(({ name, quantity, priceCents }) => ({
        item: name,
        quantity,
        price: dollars(priceCents),
      })),
      total: dollars(order.totalCents),
      refunded: dollars(order.refundedCents),
      status: order.status,
      ordered_on: order.orderedOn,
      ...(order.shippedOn !== null && { shipped_on: order.shippedOn }),
    }
  },
})

const listRefunds = defineTool({
  name: 'list_refunds',
  title: 'List the refunds of an order',
  description: 'Lists what was refunded on one order so far.',
  effect: 'read',
  input: z.strictObject({ order_id: recordId('Id of the order.') }),
  output: z.strictObject({
    refunds: z.array(z.strictObject({ refund_id: z.string(), amount: z.number(), reason: z.string() })),
  }),
  run: (desk, { order_id }) => {
    orderOf(desk, order_id)
    const refunds = desk.refunds.filter(({ order }) => order === order_id)
    return {
      refunds: refunds.map(({ id, amountCents, reason }) => ({ refund_id: id, amount: dollars(amountCents), reason })),
    }
  },
})

const issueRefund = defineTool({
  name: 'issue_refund',
  title: 'Issue a refund',
  description: 'Refunds an amount on an order. The money leaves at once and cannot be called back.',
  effect: 'irreversible',
  input: z.strictObject({
    order_id: recordId('Id of the order.'),
    amount: z.number().min(0.01).max(5000).describe('Amount in US dollars, with at most two decimals.'),
    reason: line('Why the amount is refunded.', 500),
    account: z
      .string()
      .max(34)
      .regex(/^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/)
      .optional()
      .describe('Bank account (IBAN) to pay to. Left out: the original way of payment.'),
  }),
  output: z.strictObject({
    refund_id: z.string(),
    order_id: z.string(),
    amount: z.number(),
    left_on_order: z.number(),
  }),
  run: (desk, { order_id, amount, reason, account }) => {
    const order = orderOf(desk, order_id)
    const amountCents = centsOf(amount)
    if (amountCents > refundable(order))
      throw new ToolRefusal(`Only $${dollars(refundable(order))} can still be refunded on this order.`)
    order.refundedCents += amountCents
    const id = desk.newId('refund')
    desk.refunds.push({ id, order: order_id, amountCents, reason, ...(account !== undefined && { account }) })
    return { refund_id: id, order_id, amount: dollars(amountCents), left_on_order: dollars(refundable(order)) }
  },
})

const cancelOrder = defineTool({
  name: 'cancel_order',
  title: 'Cancel an order',
  description: 'Cancels an order that has not been shipped. This cannot be taken back.',
  effect: 'irreversible',
  input: z.strictObject({ order_id: recordId('Id of the order.'), reason: line('Why the order is cancelled.', 500) }),
  output: z.strictObject({ order_id: z.string(), status: orderStatus }),
  run: (desk: Desk, { order_id }) => {
    const order = orderOf(desk, order_id)
    if (order.status !== 'paid')
      throw new ToolRefusal(`Order ${order_id} is ${order.status} and can no longer be cancelled.`)
    order.status = 'cancelled'
    return { order_id, status: order.status }
  },
})

export const orderTools = [listOrders, getOrder, listRefunds, issueRefund, cancelOrder]

/** What can still be refunded, in cents. */
export function refundable(order: Order): number {
  return order.totalCents - order.refundedCents
}

function centsOf(amount: number): number {
  const cents = Math.round(amount * 100)
  if (Math.abs(amount * 100 - cents) > 1e-6) throw new ToolRefusal('An amount has at most two decimals.')
  return cents
}
