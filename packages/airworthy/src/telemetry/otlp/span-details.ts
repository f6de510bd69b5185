/** What a span says besides its columns, gathered by either encoding. */
import type { JsonObject } from '../../core/json.ts'
import type { DroppedCounts, SpanDetails, SpanEvent, SpanLink } from '../span.ts'
import type { ExactTypes } from './exact-types.ts'

/** Undefined when nothing of it says anything. */
export function detailsOf(given: {
  readonly traceState: string
  readonly flags: number
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly dropped: DroppedCounts
  readonly types: ExactTypes
  readonly scopeAttributes?: JsonObject
  readonly resourceSchemaUrl?: string
  readonly scopeSchemaUrl?: string
}): SpanDetails | undefined {
  const { traceState, flags, events, links, dropped, types, ...about } = given
  const counts = Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0))
  const details: SpanDetails = {
    ...about,
    ...(traceState === '' ? {} : { traceState }),
    ...(flags === 0 ? {} : { flags }),
    ...(events.length === 0 ? {} : { events }),
    ...(links.length === 0 ? {} : { links }),
    ...(Object.keys(counts).length === 0 ? {} : { dropped: counts }),
    ...(types.size === 0 ? {} : { types: Object.fromEntries(types) }),
  }
  for (const _some in details) return details
  return undefined
}
