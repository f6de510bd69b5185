/** Step 7: Cedar, by the compiled evaluator. Default deny; a forbid wins; a policy that errors denies. */
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { type Denial, deny, type Guard } from '../guard.ts'
import type { TaskRecord } from '../port.ts'
import { policyCounters, type TaskState } from '../task-state.ts'
import type { Labelled } from './label.ts'

export type PolicyChecked =
  | { readonly kind: 'allowed'; readonly policies: readonly string[]; readonly roles: readonly string[] }
  | Denial

export function checkPolicy(
  guard: Guard,
  task: TaskRecord,
  state: TaskState,
  tool: EffectiveTool,
  args: JsonObject,
  labelled: Labelled,
): PolicyChecked {
  const decision = guard.policies.decide({
    principal: task.principal,
    tool: tool.name,
    arguments: args,
    effect: tool.effect,
    reach: tool.reach,
    labels: labelled.labels,
    untrusted: labelled.untrusted,
    task: policyCounters(task, state),
  })
  if (decision.decision === 'allow') return { kind: 'allowed', policies: decision.policies, roles: decision.confirm }
  const code = decision.code ?? 'POLICY_NO_PERMIT'
  const policies = code === 'POLICY_ERROR' ? decision.errors : decision.policies
  const message = decision.message ?? messages[code]
  const denial = deny(code, message, code === 'ARGUMENTS_INVALID' ? 'retry_with' : 'stop', {
    ...(policies.length === 0 ? {} : { policies }),
    ...(decision.path === undefined ? {} : { path: decision.path }),
  })
  return { ...denial, policies }
}

const messages = {
  POLICY_NO_PERMIT: 'No policy permits this action for this principal.',
  POLICY_FORBID: 'A policy forbids this action.',
  POLICY_ERROR: 'A policy that applies could not be evaluated, so the action is denied.',
  ARGUMENTS_INVALID: 'An argument cannot be given to the policies.',
} as const
