/** Reads along with a stream of server-sent events without holding it up; the work is linear in what came, whatever its pieces are. */
import type { JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EventReader } from './model-api.ts'

/** An event longer than this is passed on and not read. */
const eventCharactersMax = 4 * 1024 * 1024

export interface EventTap {
  /** What of these bytes, or of earlier ones, goes on now. */
  pass(bytes: Uint8Array): Uint8Array | undefined
  /** The rest, at the end of the stream. */
  end(): Uint8Array | undefined
}

export function eventTap(reader: EventReader): EventTap {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  /** Of the event that has not ended. */
  let pieces: string[] = []
  let characters = 0
  /** The last ones of it: its end may be cut in two. */
  let tail = ''

  function take(text: string): string {
    const event = pieces.join('') + text
    pieces = []
    characters = 0
    tail = ''
    return event
  }

  function keep(text: string): void {
    if (text === '') return
    pieces.push(text)
    characters += text.length
    tail = (tail + text).slice(-3)
  }

  return {
    pass(bytes) {
      let text = decoder.decode(bytes, { stream: true })
      let kept = ''
      for (let end = endOfEvent(tail, text); end > 0; end = endOfEvent(tail, text)) {
        const event = take(text.slice(0, end))
        text = text.slice(end)
        if (isShown(event, reader)) kept += event
      }
      keep(text)
      if (characters > eventCharactersMax) kept += take('')
      if (reader.passesAll) return bytes
      return kept === '' ? undefined : encoder.encode(kept)
    },
    end() {
      const rest = take(decoder.decode())
      if (rest === '') return undefined
      const shown = isShown(rest, reader)
      return reader.passesAll || !shown ? undefined : encoder.encode(rest)
    },
  }
}

/** Where in `text` the event ends that `tail` belongs to; 0: it does not. */
function endOfEvent(tail: string, text: string): number {
  const match = /\r?\n\r?\n/.exec(tail + text)
  return match === null ? 0 : match.index + match[0].length - tail.length
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
    value = valueOfJson(data) as JsonValue
  } catch {
    return true
  }
  return reader.read(value)
}
