/**
 * The state that a held action leaves with a client of the 2026 era. Coming back with it only resumes waiting: it names the action
 * and is bound to agent, task, tool and arguments, so it is worth nothing elsewhere, and it approves nothing.
 */
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { TaskRecord } from '../../guard/port.ts'
import { refusal, rpcCodes } from './json-rpc.ts'
import { seal, unseal } from './seal.ts'

const purpose = 'airworthy/mcp-request-state/1'
/** After its approval expired a state still tells so for this long. */
const graceMs = 5 * 60_000

export interface HeldState {
  readonly action: string
  /** How often the client has come back. */
  readonly round: number
  readonly approvalExpiresMs: number
}

export interface CallIdentity {
  readonly task: TaskRecord
  readonly tool: string
  readonly arguments: JsonObject
}

export function sealState(key: Uint8Array, call: CallIdentity, state: HeldState): string {
  const { action, round, approvalExpiresMs } = state
  return seal(key, purpose, { ...bindingOf(call), action, round, expires: approvalExpiresMs })
}

/** @throws RpcError MCP_STATE_INVALID for a state that is forged, of another task, tool or arguments, or expired. */
export function openState(key: Uint8Array, call: CallIdentity, text: string, nowMs: number): HeldState {
  const note = unseal(key, purpose, text)
  if (note === undefined) throw invalid('it was not sealed here')
  const binding = bindingOf(call)
  for (const [name, value] of Object.entries(binding))
    if (note[name] !== value) throw invalid(`it belongs to another ${name}`)
  const { action, round, expires } = note as { action: string; round: number; expires: number }
  if (nowMs > expires + graceMs) throw invalid('it has expired')
  return { action, round, approvalExpiresMs: expires }
}

export function bindingOf(call: CallIdentity): { agent: string; task: string; tool: string; arguments: string } {
  return { agent: call.task.agent, task: call.task.id, tool: call.tool, arguments: argumentsDigest(call.arguments) }
}

/** What has no canonical form was never held, so it matches nothing. */
function argumentsDigest(given: JsonObject): string {
  try {
    return digestOf(given)
  } catch {
    return 'none'
  }
}

function invalid(why: string): Error {
  return refusal(
    rpcCodes.invalidParams,
    'MCP_STATE_INVALID',
    `The requestState is refused: ${why}.`,
    'Call the tool again without it; an approved action is still executed only once.',
  )
}
