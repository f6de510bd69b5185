/** What the kill switch asks of a store. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { KillRecord } from '../../guard/port.ts'

export interface KillStore {
  listKills(): Promise<readonly KillRecord[]>
  /** Engages, or keeps the earlier one; from the moment this returns no `intend` for it commits. */
  engageKill(act: { readonly kill: KillRecord; readonly entry: EntryDraft }): Promise<void>
  /** False when there was none. */
  liftKill(act: { readonly agent: string; readonly tool: string; readonly entry: EntryDraft }): Promise<boolean>
  /** Actions under the kill that are still running. */
  countRunning(agent: string, tool: string): Promise<number>
}
