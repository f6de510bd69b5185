/** Step 10: irreversible actions, and those that a policy or the export rule holds, wait for a person. */
import type { Reason } from '../../core/decision.ts'
import { type Digest, digestOf } from '../../core/digest.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { printable } from '../../core/printable.ts'
import { type Denial, deny, type Guard, type Passage } from '../guard.ts'
import type { ApprovalDraft } from '../port.ts'

/** Used where a policy or an export asks for confirmation and the tool itself says nothing about it. */
const defaultWithinMs = 15 * 60_000

export type Confirmed =
  | { readonly kind: 'clear' }
  | { readonly kind: 'approved'; readonly approvalId: string; readonly bindingDigest: Digest }
  | { readonly kind: 'hold'; readonly draft: ApprovalDraft; readonly reasons: readonly Reason[] }
  | Denial

export function confirm(guard: Guard, passage: Passage, argumentsSentDigest: Digest): Confirmed {
  const { tool, resumed } = passage
  const roles = rolesFor(tool, passage.roles)
  // A resumed action is the one that was approved or none, also where nobody would ask for a confirmation any more.
  if (roles.length === 0 && resumed === undefined) return { kind: 'clear' }
  const bindingDigest = bindingOf(guard, passage, argumentsSentDigest)
  if (resumed !== undefined) {
    const { approval } = resumed
    if (approval.bindingDigest !== bindingDigest || !roles.every((role) => approval.roles.includes(role))) {
      return deny('CONFIRMATION_MISMATCH', 'What was approved is not what would now be executed.', 'stop', {
        hard: true,
      })
    }
    return { kind: 'approved', approvalId: approval.id, bindingDigest }
  }
  const draft: ApprovalDraft = {
    id: guard.ports.newId('apr'),
    roles,
    notRequester: tool.confirm?.notRequester ?? true,
    expiresMs: passage.nowMs + (tool.confirm?.withinMs ?? defaultWithinMs),
    nonce: crypto.randomUUID(),
    summary: summaryOf(passage),
    bindingDigest,
  }
  const message = `${tool.name} needs the confirmation of ${roles.join(' and ')} before it is executed.`
  return { kind: 'hold', draft, reasons: [...passage.reasons, { code: 'CONFIRMATION_REQUIRED', message }] }
}

function rolesFor(tool: EffectiveTool, demanded: readonly string[]): readonly string[] {
  const own = tool.confirm !== undefined ? [tool.confirm.by] : tool.effect === 'irreversible' ? ['approver'] : []
  return [...new Set([...own, ...demanded])].sort()
}

/** Everything that an approval is for; a change of any of it is another action. */
function bindingOf(guard: Guard, passage: Passage, argumentsSentDigest: Digest): Digest {
  const { task, tool } = passage
  return digestOf({
    agent: task.agent,
    task: task.id,
    principal: task.principal,
    tool: tool.name,
    definition: tool.definitionDigest,
    policies: guard.policies.digest,
    arguments: passage.argumentsDigest,
    arguments_sent: argumentsSentDigest,
    labels: [...passage.labels].sort(),
  })
}

/** What the approver reads. Rendered from the manifest and the arguments; no text of the model's choosing but the values. */
function summaryOf(passage: Passage): string {
  const { task, tool } = passage
  const lines = [
    `${tool.name} (${tool.effect}, ${tool.reach}) for ${cut(task.principal.id)} by agent ${task.agent}`,
    ...Object.entries(passage.arguments).map(([name, value]) => `  ${cut(name)}: ${cut(JSON.stringify(value))}`),
    ...(passage.labels.length === 0 ? [] : [`  carries: ${passage.labels.join(', ')}`]),
    ...(passage.untrusted.length === 0 ? [] : [`  from untrusted content: ${passage.untrusted.map(cut).join(', ')}`]),
  ]
  return lines.join('\n')
}

/** At most 500 code units of a value, so that a summary stays one screen; it says that it was cut and where all of it stands. */
function cut(text: string): string {
  const plain = printable(text)
  if (plain.length <= 500) return plain
  return `${plain.slice(0, 500)}... (CUT: ${plain.length} characters; \`airworthy approval show\` gives all of them)`
}
