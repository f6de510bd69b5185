import { z } from 'zod'
import type { Customer } from '../../world/world.ts'
import { customerOf, ToolRefusal } from '../desk.ts'
import { defineTool, emailAddress, line, recordId } from '../tool.ts'

const customerRecord = z.strictObject({
  customer_id: z.string(),
  name: z.string(),
  email: z.string(),
  phone: z.string(),
  address: z.string(),
  status: z.enum(['active', 'closed']),
  customer_since: z.string(),
})

const lookupCustomer = defineTool({
  name: 'lookup_customer',
  title: 'Look up a customer',
  description:
    'Finds a customer by e-mail address, customer id or full name, and gives the customer id, contact data and status.',
  effect: 'read',
  input: z.strictObject({
    query: line('E-mail address, customer id or full name of the customer.'),
  }),
  output: z.strictObject({ customers: z.array(customerRecord).max(5) }),
  run: ({ world }, { query }) => {
    const matches = customersMatching(world.customers, query)
    return { customers: matches.slice(0, 5).map(shown) }
  },
})

const updateCustomer = defineTool({
  name: 'update_customer',
  title: 'Change a customer’s data',
  description:
    'Changes the name, e-mail address, phone number or postal address of a customer. What is left out stays as it is.',
  effect: 'write',
  input: z.strictObject({
    customer_id: recordId('Id of the customer.'),
    name: line('New full name.', 120).optional(),
    email: emailAddress('New e-mail address.').optional(),
    phone: line('New phone number.', 30).optional(),
    address: line('New postal address.', 300).optional(),
  }),
  output: z.strictObject({ customer: customerRecord }),
  run: (desk, { customer_id, ...change }) => {
    const customer = customerOf(desk, customer_id)
    if (customer.status === 'closed') throw new ToolRefusal(`The account of customer ${customer_id} is closed.`)
    if (Object.keys(change).length === 0) throw new ToolRefusal('Nothing was given to change.')
    Object.assign(customer, change)
    return { customer: shown(customer) }
  },
})

const closeAccount = defineTool({
  name: 'close_account',
  title: 'Close a customer’s account',
  description: 'Closes the account of a customer for good. This cannot be taken back.',
  effect: 'irreversible',
  input: z.strictObject({
    customer_id: recordId('Id of the customer.'),
    reason: line('Why the account is closed.', 500),
  }),
  output: z.strictObject({ customer_id: z.string(), status: z.literal('closed') }),
  run: (desk, { customer_id }) => {
    const customer = customerOf(desk, customer_id)
    if (customer.status === 'closed') throw new ToolRefusal(`The account of customer ${customer_id} is closed already.`)
    customer.status = 'closed'
    return { customer_id, status: 'closed' as const }
  },
})

export const customerTools = [lookupCustomer, updateCustomer, closeAccount]

/** Customers whose address, id or full name is exactly this, in any letter case. */
export function customersMatching(customers: readonly Customer[], query: string): Customer[] {
  const wanted = query.trim().toLowerCase()
  return customers.filter(({ id, email, name }) => [id, email, name].some((value) => value.toLowerCase() === wanted))
}

function shown({ id, name, email, phone, address, status, since }: Customer): z.input<typeof customerRecord> {
  return { customer_id: id, name, email, phone, address, status, customer_since: since }
}
