import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateWorld } from './generate.ts'
import type { World } from './world.ts'

test('the same seed gives an equal world', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (seed) => {
      expect(generateWorld(seed)).toEqual(generateWorld(seed))
    }),
    { numRuns: 10 },
  )
})

const namesOf = (world: World): string[] => [
  ...world.tenants.flatMap(({ name, partners }) => [name, ...partners.map(({ email }) => email)]),
  ...world.customers.flatMap(({ id, name, email, address }) => [id, name, email, address]),
  ...world.orders.map(({ id }) => id),
  ...world.tickets.map(({ id }) => id),
  ...world.staff.map(({ id }) => id),
]

test('another seed shares next to no name or id', () => {
  for (const [one, two] of [
    [1, 2],
    [3, 4],
    [100, 101],
  ] as const) {
    const names = new Set(namesOf(generateWorld(one)))
    const same = namesOf(generateWorld(two)).filter((name) => names.has(name))
    expect(same.length, same.join()).toBeLessThan(3)
  }
})

test('every record refers to records of its own shop, and ids are unique', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const world = generateWorld(seed)
      const ids = [...world.customers, ...world.orders, ...world.tickets, ...world.articles].map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      const customers = new Map(world.customers.map((customer) => [customer.id, customer]))
      for (const { customer, tenant } of [...world.orders, ...world.tickets])
        expect(customers.get(customer)?.tenant).toBe(tenant)
      for (const { totalCents, items } of world.orders) {
        expect(totalCents).toBe(items.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0))
      }
      for (const { ticket, target } of world.planted) {
        expect(world.tickets.find(({ id }) => id === ticket)?.body).toContain(target)
      }
    }),
    { numRuns: 20 },
  )
})
