/** The text of a chat message's content, in any of the shapes that chat formats use. */
import { isJsonObject, type JsonValue } from '../core/json.ts'

/** A text; or a list of parts, whose texts are joined by line feeds. A part that is no text is named by its type: `[image_url]`. */
export function messageText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return isJsonObject(content) ? partText(content) : ''
  return (content as readonly JsonValue[]).map(partText).join('\n')
}

function partText(part: JsonValue): string {
  if (typeof part === 'string') return part
  if (!isJsonObject(part)) return ''
  const text = part.text ?? part.content ?? part.refusal
  if (typeof text === 'string') return text
  return typeof part.type === 'string' ? `[${part.type.slice(0, 40)}]` : ''
}

/** What a tool brought: its text, or the value itself where it is no text, so that nothing of it is lost. */
export function messageResult(content: JsonValue | undefined): JsonValue {
  if (content === undefined || content === null) return ''
  const isText =
    typeof content === 'string' || (Array.isArray(content) && (content as readonly JsonValue[]).every(isTextPart))
  return isText ? messageText(content) : content
}

function isTextPart(part: JsonValue): boolean {
  return typeof part === 'string' || (isJsonObject(part) && part.type === 'text' && partText(part) !== '[text]')
}
