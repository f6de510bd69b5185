/**
 * Evidence as it is stored: a row for each, and the digest of all that were recorded together in an entry of the log. Only what its entry
 * vouches for is evidence; of anything else the control is unknown.
 */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import { type Digest, digestOf } from '../../core/digest.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Evidence } from '../../readiness/evidence.ts'

export interface EvidenceRow {
  readonly control: string
  readonly release: string
  readonly environment: string
  readonly at_ms: number
  readonly body: string
  readonly entry_id: string | null
  /** Text of the entry; null: the log has none. */
  readonly entry: string | null
}

/** What both stores read, in the order in which it was recorded. */
export const evidenceRowsOfRelease = (release: '?' | '$1'): string =>
  `SELECT e.control, e.release, e.environment, e.at_ms, e.body, e.entry_id, a.body AS entry
   FROM evidence e LEFT JOIN audit_entries a ON a.id = e.entry_id WHERE e.release = ${release} ORDER BY e.row`

/** The entry, with the digest of the evidence that is recorded with it. */
export function entryOfEvidence(entry: EntryDraft, evidence: readonly Evidence[]): EntryDraft {
  return { ...entry, details: { ...entry.details, evidence: digestOf(evidence) } }
}

/** @param rows  all of a release, in their order. */
export function evidenceOfRows(rows: readonly EvidenceRow[]): readonly Evidence[] {
  const vouched = new Map<string, boolean>()
  for (const [id, together] of Map.groupBy(rows, ({ entry_id: id }) => id)) {
    if (id !== null) vouched.set(id, isVouchedFor(together))
  }
  return rows.map((row) =>
    row.entry_id !== null && vouched.get(row.entry_id) === true ? (valueOfJson(row.body) as Evidence) : unvouched(row),
  )
}

function isVouchedFor(together: readonly EvidenceRow[]): boolean {
  const [{ entry } = { entry: null }] = together
  if (entry === null) return false
  const { kind, details } = valueOfJson(entry) as { kind?: string; details?: { evidence?: Digest } }
  try {
    return kind === 'evidence-recorded' && details?.evidence === digestOf(together.map(({ body }) => valueOfJson(body)))
  } catch {
    // A body that is no JSON is not what was recorded.
    return false
  }
}

function unvouched({ control, release, environment, at_ms: atMs, entry_id: entryId }: EvidenceRow): Evidence {
  return {
    control,
    release: release as Digest,
    environment,
    producer: 'log',
    atMs,
    simulated: false,
    outcome: 'unknown',
    ...(entryId === null
      ? {
          summary: 'An earlier version recorded it, which did not tie evidence to the log.',
          mend: `Run ${recorders} again, whichever recorded it.`,
        }
      : {
          summary: 'What is on record is not what the log says was recorded: the store was changed.',
          mend: `Find out who changed the store, and run ${recorders} again, whichever recorded it.`,
        }),
  }
}

const recorders = '`airworthy check`, `airworthy eval lint` or `airworthy trace replay --failed`'
