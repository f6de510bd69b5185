/**
 * A tool that asks its caller for more before it finishes. Its questions go to the client as they are, and what it leaves with the client goes sealed: bound
 * to task, tool and arguments, so an answer continues the very call that was asked, and nobody on the way changes the state.
 */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { askableCapabilities, type InputRound } from '../../guard/input-round.ts'
import { metaKeys } from './classify.ts'
import { RpcError, rpcCodes } from './json-rpc.ts'
import type { McpRequest } from './mcp-request.ts'
import { bindingOf, type CallIdentity } from './request-state.ts'
import { seal, unseal } from './seal.ts'

const purpose = 'airworthy/mcp-input-round/1'

/** A round with what the tool said in it. */
export interface Asked {
  readonly round: InputRound
  /** Seals what the tool left with the client; undefined when it left nothing. */
  sealedState(): string | undefined
  /** @throws RpcError (-32021) when the tool did not run for want of something that the client cannot be asked for. */
  throwIfMissing(): void
}

/**
 * The round of a request; undefined for the older era, whose clients cannot be asked.
 * @throws RpcError for answers that are no object
 */
export function inputRoundOf(request: McpRequest, call: CallIdentity): Asked | undefined {
  if (request.era !== 'modern') return undefined
  const { inputResponses: responses, requestState } = request.params
  if (responses !== undefined && !isJsonObject(responses))
    throw new RpcError(rpcCodes.invalidParams, 'inputResponses are an object.', { status: 400 })
  const { sealKey } = request.kit
  const left = typeof requestState === 'string' ? openRound(sealKey, call, requestState) : undefined
  let state: string | undefined
  let missing: JsonObject | undefined
  return {
    round: {
      capabilities: capabilitiesOf(request.meta),
      ...(responses === undefined ? {} : { responses }),
      ...(left === undefined ? {} : { state: left }),
      onState: (text) => {
        state = text
      },
      onCapabilityMissing: (capabilities) => {
        missing = capabilities
      },
    },
    sealedState: () => (state === undefined ? undefined : seal(sealKey, purpose, { ...bindingOf(call), state })),
    throwIfMissing() {
      if (missing === undefined) return
      const message = 'The tool needs a client that can be asked for what it did not declare.'
      throw new RpcError(rpcCodes.capabilityMissing, message, { status: 400, data: { requiredCapabilities: missing } })
    },
  }
}

/** What the server left in the round before; undefined for whatever is no such state of this very call. */
function openRound(key: Uint8Array, call: CallIdentity, text: string): string | undefined {
  const note = unseal(key, purpose, text)
  if (note === undefined || typeof note.state !== 'string') return undefined
  return Object.entries(bindingOf(call)).every(([name, value]) => note[name] === value) ? note.state : undefined
}

function capabilitiesOf(meta: JsonObject): JsonObject {
  const declared = meta[metaKeys.clientCapabilities]
  if (!isJsonObject(declared)) return {}
  return Object.fromEntries(
    askableCapabilities
      .filter((name) => isJsonObject(declared[name]))
      .map((name) => [name, declared[name] as JsonObject]),
  )
}
