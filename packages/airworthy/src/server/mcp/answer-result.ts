/** The guard's answer as an MCP tool result: what the tool said, or in plain words and as data why there is nothing it said. */
import type { Next } from '../../core/decision.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ActionAnswer } from '../../guard/answer.ts'
import type { GatewayKit } from './gateway-kit.ts'

const nextWords: Record<Next, string> = {
  retry_with: 'Mend the arguments and call again.',
  ask_user: 'Ask the user how to go on.',
  wait: 'Call again later with the same arguments.',
  stop: 'Do not try this again in this task.',
}

/** A CallToolResult without the gateway's `_meta`. Whatever is no result of the tool itself is `isError`. */
export function toolResultOf(kit: GatewayKit, answer: ActionAnswer): JsonObject {
  if (answer.result !== undefined) return answer.result
  switch (answer.state) {
    case 'denied':
      return deniedResult(answer)
    case 'held':
      return heldResult(kit, answer)
    case 'ambiguous':
      return failure(
        'ambiguous',
        answer,
        `Nobody knows whether this was done. ${answer.error ?? ''} Do not repeat it before a person has looked.`,
      )
    case 'intended':
      return failure('pending', answer, 'This is being executed. Call again later with the same arguments.')
    default:
      return failure(answer.state, answer, answer.error ?? 'The tool gave no result.')
  }
}

function deniedResult(answer: ActionAnswer): JsonObject {
  const why = answer.fallback?.message ?? answer.reasons.map((reason) => reason.message).join(' ')
  return failure('denied', answer, `Denied. ${why} ${answer.next === undefined ? '' : nextWords[answer.next]}`)
}

/**
 * Text and link for clients that cannot open the link for their user. Without the summary: it holds the arguments as they will be
 * sent, and a client hands this to the model, which may know some of them by pseudonym alone.
 */
function heldResult(kit: GatewayKit, answer: ActionAnswer): JsonObject {
  const { approval } = answer
  if (approval === undefined)
    return failure('confirmation_required', answer, `CONFIRMATION REQUIRED. A person decides. ${nextWords.wait}`)
  const url = kit.approvalUrl(approval.id)
  const expires = new Date(approval.expiresMs).toISOString()
  const text = `CONFIRMATION REQUIRED. A person (${approval.roles.join(', ')}) decides at ${url} until ${expires}. Then call again with the same arguments: it is executed once, and the result returned.`
  return failure('confirmation_required', answer, text, {
    approval: { id: approval.id, url, expires, roles: approval.roles },
  })
}

function failure(status: string, answer: ActionAnswer, text: string, more: JsonObject = {}): JsonObject {
  const { action, reasons, next, fallback, error } = answer
  const data: Record<string, JsonValue | object | undefined> = {
    status,
    action,
    reasons,
    next,
    fallback,
    error,
    ...more,
  }
  for (const key of Object.keys(data)) if (data[key] === undefined) delete data[key]
  return {
    content: [{ type: 'text', text: text.replace(/ +/g, ' ').trim() }],
    structuredContent: data as JsonObject,
    isError: true,
  }
}
