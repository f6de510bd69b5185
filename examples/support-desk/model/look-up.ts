/** What to look up next when something is not known yet that a call needs. */
import { type Call, canCall } from './call.ts'
import { fill } from './fill.ts'
import type { Situation } from './known.ts'
import type { Ask } from './language/asks.ts'
import type { Tool } from './tools.ts'

/**
 * The reading call that brings what is wanted nearer; undefined when no further one can help.
 * @param nouns stems of what is wanted: "customer" for the id of a customer.
 */
export function nextLookUp(
  ask: Ask,
  nouns: readonly string[],
  situation: Situation,
  done: readonly Call[],
): Call | undefined {
  const wanted = [...nouns, ...ownersOf(nouns, situation.tools)]
  const options = situation.tools
    .filter(({ reads }) => reads)
    .flatMap((tool) => {
      // Searching texts by words brings no ids nearer.
      if (tool.parameters.some(({ role, required }) => role.is === 'query' && required)) return []
      const { arguments: args, missing } = fill(tool, ask, situation)
      const call = { tool: tool.name, arguments: args }
      if (missing.length > 0 || Object.keys(args).length === 0 || !canCall(call, done)) return []
      return [{ call, score: closeness(tool, ask, nouns) * 2 + closeness(tool, ask, wanted) }]
    })
  const best = options.filter(({ score }) => score > 0).toSorted((a, b) => b.score - a.score)[0]
  return best?.call
}

/** Whose records they are listed by: orders by customer, so a customer helps to find an order. */
function ownersOf(nouns: readonly string[], tools: readonly Tool[]): string[] {
  const listing = tools.filter(({ reads, nouns: own }) => reads && own.some((noun) => nouns.includes(noun)))
  return listing.flatMap(({ parameters }) =>
    parameters.flatMap(({ role, required }) => (role.is === 'id' && required ? [role.noun] : [])),
  )
}

function closeness(tool: Tool, ask: Ask, nouns: readonly string[]): number {
  const wanted = tool.nouns.filter((noun) => nouns.includes(noun)).length
  const taken = new Set(tool.parameters.flatMap(({ role }) => (role.is === 'id' ? [role.noun] : [])))
  const direct = ask.entities.filter(
    ({ label }) => label !== undefined && taken.has(label) && tool.nouns.includes(label),
  ).length
  const one = tool.verb !== 'list' && tool.nouns.length === 1 ? 0.5 : 0
  return wanted * 3 + direct * 2 + (wanted + direct > 0 ? one : 0)
}
