/** Which tools a probe takes through the pipeline. Each attempt is two durable commits, so a large manifest is sampled. */
import type { EffectiveTool } from '../../core/manifest/effective.ts'

export interface ToolSample {
  readonly tools: readonly EffectiveTool[]
  /** For people: `all 12 tools`, or `64 of 2000 tools`. */
  readonly text: string
}

const risk = { irreversible: 0, write: 1, read: 2 } as const

/**
 * All of them up to `countMax`; of more, that many spread evenly over effects and names, so that every effect is among them
 * in its proportion, and the riskiest first. The same manifest gives the same sample.
 */
export function sampleTools(tools: readonly EffectiveTool[], countMax: number): ToolSample {
  const ordered = tools.toSorted((left, right) =>
    left.effect === right.effect ? (left.name < right.name ? -1 : 1) : risk[left.effect] - risk[right.effect],
  )
  if (ordered.length <= countMax) return { tools: ordered, text: `all ${ordered.length} tools` }
  const spread = Array.from({ length: countMax }, (_, place) => Math.floor((place * ordered.length) / countMax))
  return {
    tools: spread.map((index) => ordered[index] as EffectiveTool),
    text: `${countMax} of ${ordered.length} tools`,
  }
}

/** The most tools that a probe with a handful of attempts for each takes through the pipeline. */
export const probedToolsMax = 64

/** Findings and details name this many and count the rest. */
export const namedMax = 10

export function listed(names: readonly string[]): string {
  const rest = names.length - namedMax
  return `${names.slice(0, namedMax).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
