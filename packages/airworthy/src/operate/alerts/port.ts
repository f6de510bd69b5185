/** What alerts ask of a store: who evaluates this minute, and the state of each alert, whose change is on record with what it sends. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { NewNotification, NotificationScope } from '../notifications/port.ts'
import type { AlertRecord } from './advance-alert.ts'

export interface AlertStore {
  /**
   * True for one of all that ask for this time or an earlier one: a tick is won once, by whichever gateway. A tick that was won more
   * than five minutes ahead of this time came from a clock that was wrong, and binds nobody.
   */
  claimTick(tick: { readonly name: string; readonly atMs: number }): Promise<boolean>
  /** By name. */
  listAlerts(scope: NotificationScope): Promise<readonly AlertRecord[]>
  /**
   * Writes a state, the entry about its change and its notifications, together. False and nothing written when the alert is not at
   * `expectedRevision` (0: it is not there yet): somebody else was faster.
   */
  changeAlert(act: ChangeAlert): Promise<boolean>
  /** Deletes the alerts and notifications of a drill. */
  forgetAlerts(scope: NotificationScope): Promise<void>
}

export interface ChangeAlert extends NotificationScope {
  /** Its revision is one above `expectedRevision`. */
  readonly record: AlertRecord
  readonly expectedRevision: number
  /** Absent: it was looked at and nothing changed. */
  readonly entry?: EntryDraft
  readonly notifications: readonly NewNotification[]
}
