/** Step 4: closed schema, bounds, size, on the arguments as they will be sent. */
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { type Denial, deny, type Guard } from '../guard.ts'

export function checkArguments(
  guard: Pick<Guard, 'validator'>,
  tool: EffectiveTool,
  args: JsonObject,
): Denial | undefined {
  const fault = guard.validator.check(tool, args)
  if (fault === undefined) return undefined
  const where = fault.path === '' ? 'The arguments' : `The argument ${fault.path}`
  return deny('ARGUMENTS_INVALID', `${where}: ${fault.message}.`, 'retry_with', { path: fault.path })
}
