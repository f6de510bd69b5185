/** Reads along with a stream of server-sent events without holding it up. */
import type { JsonValue } from '../../core/json.ts'
import type { EventReader } from './model-api.ts'

/** An event longer than this is passed on and not read. */
const eventCharactersMax = 1024 * 1024

export function eventTap(reader: EventReader): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (reader.passesAll) controller.enqueue(bytes)
      rest += decoder.decode(bytes, { stream: true })
      let kept = ''
      for (let end = endOfEvent(rest); end > 0; end = endOfEvent(rest)) {
        const event = rest.slice(0, end)
        rest = rest.slice(end)
        if (isShown(event, reader)) kept += event
      }
      if (rest.length > eventCharactersMax) {
        kept += rest
        rest = ''
      }
      if (!reader.passesAll && kept !== '') controller.enqueue(encoder.encode(kept))
    },
    flush(controller) {
      if (rest === '') return
      const shown = isShown(rest, reader)
      if (!reader.passesAll && shown) controller.enqueue(encoder.encode(rest))
    },
  })
}

function endOfEvent(text: string): number {
  const match = /\r?\n\r?\n/.exec(text)
  return match === null ? 0 : match.index + match[0].length
}

function isShown(event: string, reader: EventReader): boolean {
  const data = event
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n')
  if (data === '[DONE]') return reader.read('done')
  let value: JsonValue
  try {
    value = JSON.parse(data)
  } catch {
    return true
  }
  return reader.read(value)
}
