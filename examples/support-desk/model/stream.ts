/** The same completion as server-sent events: the text word by word, the arguments of a call in pieces. */
import type { Completion } from './complete.ts'

const argumentsPieceLength = 24

/** @param usage whether a last chunk with the token counts is wanted. */
export function streamOf(completion: Completion, usage: boolean): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const events = chunksOf(completion, usage)
  return new ReadableStream({
    pull(controller) {
      const { value, done } = events.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(`data: ${value}\n\n`))
    },
  })
}

function* chunksOf(completion: Completion, usage: boolean): Generator<string> {
  const { id, created, model, system_fingerprint, choices } = completion
  const [{ message, finish_reason }] = choices
  const frame = { id, object: 'chat.completion.chunk', created, model, system_fingerprint }
  const chunk = (delta: object, finish: string | null = null): string =>
    JSON.stringify({
      ...frame,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(usage && { usage: null }),
    })

  yield chunk({ role: 'assistant', content: message.content === null ? null : '' })
  for (const piece of message.content?.match(/\s*\S+\s*$|\s*\S+/g) ?? []) yield chunk({ content: piece })
  for (const call of message.tool_calls ?? []) {
    const { name, arguments: text } = call.function
    yield chunk({ tool_calls: [{ index: 0, id: call.id, type: 'function', function: { name, arguments: '' } }] })
    for (let at = 0; at < text.length; at += argumentsPieceLength) {
      yield chunk({ tool_calls: [{ index: 0, function: { arguments: text.slice(at, at + argumentsPieceLength) } }] })
    }
  }
  yield chunk({}, finish_reason)
  if (usage) yield JSON.stringify({ ...frame, choices: [], usage: completion.usage })
  yield '[DONE]'
}
