/** What became of an action that was approved, for the person who approved it. Known to the operator's key alone, so it may stay unknown. */
import type { WireAnswer } from '../contract/action.ts'
import { printable } from '../core/printable.ts'
import type { CliContext } from './context.ts'
import { askKit, foldersOf, type KitFlags, operatorKey, runningUrl } from './kit-access.ts'

/** The kit answers an approval once the action was executed, so one look is enough. One line, or undefined where it cannot be told. Never throws. */
export async function whatBecame(context: CliContext, flags: KitFlags, action: string): Promise<string | undefined> {
  const { dir } = foldersOf(context, flags)
  try {
    const url = await runningUrl(dir)
    if (url === undefined) return undefined
    const key = operatorKey(dir, context.env)
    return lineOf(await askKit<WireAnswer>(url, 'GET', `/actions/${action}`, key))
  } catch {
    return undefined
  }
}

function lineOf({ state, reasons, error }: Pick<WireAnswer, 'state' | 'reasons' | 'error'>): string {
  if (state === 'succeeded') return 'It was executed, and succeeded.'
  if (state === 'failed') return `It was executed, and failed: ${printable(error ?? 'no reason was given')}`
  if (state === 'denied')
    return `It was NOT executed: ${reasons.map(({ code, message }) => `${code}: ${printable(message)}`).join(' ')}`
  if (state === 'ambiguous') return 'Nobody knows yet whether it was executed; `airworthy escalation ls` has it.'
  if (state === 'held')
    return "It is not executed yet: where the agent's own code runs the tool, that happens when it asks again."
  return 'It is under way.'
}
