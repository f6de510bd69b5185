/** What of recorded runs could not be read: every part by file, place and reason. */
import { printable } from '../core/printable.ts'
import type { Unread } from '../telemetry/recorded-run.ts'
import type { CliContext } from './context.ts'

export interface UnreadPart extends Unread {
  readonly file: string
}

const shownMax = 50

/** All of them. */
export function unreadJson(unread: readonly UnreadPart[]) {
  return { unread: unread.map(({ file, where, why }) => ({ file, where, why })), unread_count: unread.length }
}

/** The count, and the first ones, on stderr. */
export function printUnread(context: CliContext, unread: readonly UnreadPart[]): void {
  if (unread.length === 0) return
  context.stderr.write(`${unread.length} could not be read:\n`)
  for (const { file, where, why } of unread.slice(0, shownMax)) {
    context.stderr.write(`  ${printable(file)}: ${printable(where)}: ${printable(why)}\n`)
  }
  if (unread.length > shownMax) context.stderr.write(`  ... and ${unread.length - shownMax} more; --json lists all\n`)
}
