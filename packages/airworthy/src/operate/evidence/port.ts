/** What evidence asks of a store: append, and read what belongs to a release. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Digest } from '../../core/digest.ts'
import type { Evidence } from '../../readiness/evidence.ts'

export interface EvidenceStore {
  /** The entry goes to the log with the digest of this evidence. */
  recordEvidence(act: { readonly evidence: readonly Evidence[]; readonly entry: EntryDraft }): Promise<void>
  /** All evidence about a release, oldest first. What the log does not vouch for comes as `unknown` of its control. */
  evidenceOf(release: Digest): Promise<readonly Evidence[]>
}
