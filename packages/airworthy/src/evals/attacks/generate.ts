/**
 * Makes attacks from a manifest: goals x carriers x techniques x disguises, without a model and without a network. The same manifest,
 * seed and options give the same bytes. Pure.
 */
import type { Attack } from './attack.ts'
import { AttackMaker, bump, type GenerateOptions } from './attack-maker.ts'
import { carriersOf } from './carriers.ts'
import { clusterNamesOf } from './clusters.ts'
import { disguises } from './disguises.ts'
import { goalFamiliesOf } from './goals.ts'
import { randomFrom } from './seeded.ts'
import { techniques } from './techniques.ts'

export interface Generated {
  readonly attacks: readonly Attack[]
  readonly coverage: Coverage
}

export interface Coverage {
  readonly goals: readonly { readonly id: string; readonly title: string }[]
  readonly carriers: readonly string[]
  /** Row by row as `goals`, column by column as `carriers`. */
  readonly cells: readonly (readonly Cell[])[]
  /** Families of goals, or ways out, that this manifest gives no place to. */
  readonly missing: readonly { readonly family: string; readonly reason: string }[]
  readonly techniques: Readonly<Record<string, number>>
  readonly disguises: Readonly<Record<string, number>>
  readonly clusters: number
}

/** How many attacks a cell has; where it has none, why. */
export interface Cell {
  readonly count: number
  readonly reason?: string
}

export const attacksMax = 50_000

export function generateAttacks(options: GenerateOptions): Generated {
  const { manifest, seed, count, known = {} } = options
  const families = goalFamiliesOf(manifest, known)
  const goals = families.flatMap((family) => family.goals).filter(({ id }) => isWanted(id, options.goals))
  const carriers = carriersOf(manifest).filter(({ id }) => options.carriers?.includes(id) ?? true)
  const cells = goals.flatMap((goal) =>
    carriers.map((carrier) => ({ goal, carrier, reason: goal.impossible[carrier.id] ?? carrier.impossible })),
  )
  const open = cells.filter(({ reason }) => reason === undefined)
  const maker = new AttackMaker(options)
  // Round after round over all cells in a shuffled order, so that a small count is spread as well as a large one.
  for (let round = 0; maker.made.length < count && open.length > 0; round++) {
    const before = maker.made.length
    for (const { goal, carrier } of randomFrom(seed, `round ${round}`).shuffle(open)) {
      if (maker.made.length === count) break
      maker.add(goal, carrier)
    }
    if (maker.made.length === before) break
  }
  const clusters = clusterNamesOf(maker.made)
  const attacks = maker.made.map((attack, at) => ({ ...attack, cluster: clusters[at] as string }))
  const notReached = `not reached: ${open.length} cells are possible, ${count} attacks were asked for`
  const perCell = countBy(attacks, ({ goal, carrier }) => `${goal} ${carrier}`)
  return {
    attacks,
    coverage: {
      goals: goals.map(({ id, title }) => ({ id, title })),
      carriers: carriers.map(({ id }) => id),
      cells: goals.map((goal) =>
        carriers.map((carrier) => {
          const made = perCell.get(`${goal.id} ${carrier.id}`) ?? 0
          const reason = goal.impossible[carrier.id] ?? carrier.impossible
          return made > 0 ? { count: made } : { count: 0, reason: reason ?? notReached }
        }),
      ),
      missing: families.flatMap(({ family, missing }) => (missing === undefined ? [] : [{ family, reason: missing }])),
      techniques: Object.fromEntries(techniques.map(({ id }) => [id, maker.techniqueCounts.get(id) ?? 0])),
      disguises: Object.fromEntries(disguises.map(({ id }) => [id, maker.disguiseCounts.get(id) ?? 0])),
      clusters: new Set(clusters).size,
    },
  }
}

function isWanted(id: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.some((one) => id === one || id.startsWith(`${one}/`))
}

function countBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of list) bump(counts, keyOf(item))
  return counts
}
