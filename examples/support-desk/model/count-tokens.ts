/**
 * Counts tokens as this simulation understands them: pieces of words of up to six letters, numbers of up to three digits, and
 * single signs. Real tokenizers differ by some percent; what matters is that the count is made over the real texts.
 */
import type { ChatRequest } from './wire.ts'
import { textOf } from './wire.ts'

const piece = /\p{L}{1,6}|\p{N}{1,3}|[^\s\p{L}\p{N}]/gu

export function countTokens(text: string): number {
  return text.match(piece)?.length ?? 0
}

/** Tokens of everything that a request makes the model read: messages, calls, tools. */
export function countPrompt({ messages, tools }: Pick<ChatRequest, 'messages' | 'tools'>): number {
  const perMessage = 4 // role and separators
  const said = messages.map(
    (message) => countTokens(textOf(message)) + countTokens(JSON.stringify(message.tool_calls ?? '')) + perMessage,
  )
  return said.reduce((sum, count) => sum + count, 0) + countTokens(JSON.stringify(tools ?? ''))
}

/** The text's beginning of at most that many tokens. */
export function firstTokens(text: string, count: number): string {
  let taken = 0
  for (const match of text.matchAll(piece)) {
    taken += 1
    if (taken > count) return text.slice(0, match.index)
  }
  return text
}
