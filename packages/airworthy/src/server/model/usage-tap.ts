/**
 * Reads along with a stream of server-sent events without holding it up: usage, the finish, and whether it came to its end. The chunk
 * that holds nothing but usage is taken out where the client did not ask for it.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'

export interface StreamSeen {
  usage: JsonValue | undefined
  finish: string | undefined
  model: string | undefined
  id: string | undefined
  /** The provider said that it was done. */
  isDone: boolean
}

/** An event longer than this is passed on and not read. */
const eventCharactersMax = 1024 * 1024

export function usageTap(keepsUsage: boolean): {
  readonly stream: TransformStream<Uint8Array, Uint8Array>
  readonly seen: StreamSeen
} {
  const seen: StreamSeen = { usage: undefined, finish: undefined, model: undefined, id: undefined, isDone: false }
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (keepsUsage) controller.enqueue(bytes)
      rest += decoder.decode(bytes, { stream: true })
      let kept = ''
      for (let end = endOfEvent(rest); end > 0; end = endOfEvent(rest)) {
        const event = rest.slice(0, end)
        rest = rest.slice(end)
        if (!look(event, seen)) kept += event
      }
      if (rest.length > eventCharactersMax) {
        kept += rest
        rest = ''
      }
      if (!keepsUsage && kept !== '') controller.enqueue(encoder.encode(kept))
    },
    flush(controller) {
      if (rest === '') return
      const isUsageAlone = look(rest, seen)
      if (!keepsUsage && !isUsageAlone) controller.enqueue(encoder.encode(rest))
    },
  })
  return { stream, seen }
}

function endOfEvent(text: string): number {
  const match = /\r?\n\r?\n/.exec(text)
  return match === null ? 0 : match.index + match[0].length
}

/** True for an event that holds usage and nothing else. */
function look(event: string, seen: StreamSeen): boolean {
  const data = event
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n')
  if (data === '[DONE]') {
    seen.isDone = true
    return false
  }
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return false
  }
  if (!isJsonObject(value as JsonValue)) return false
  const { usage, choices, model, id } = value as JsonObject
  if (isJsonObject(usage)) seen.usage = usage
  if (typeof model === 'string') seen.model = model
  if (typeof id === 'string') seen.id = id
  const [choice] = Array.isArray(choices) ? choices : []
  if (isJsonObject(choice) && typeof choice.finish_reason === 'string') seen.finish = choice.finish_reason
  return isJsonObject(usage) && Array.isArray(choices) && choices.length === 0
}
