/** One chat completion: the model's next move in the form of the wire, with token counts. Pure: same request and seed, same bytes. */
import { countPrompt, countTokens, firstTokens } from './count-tokens.ts'
import { decideTurn } from './decide-turn.ts'
import { idBySeed } from './seeded.ts'
import type { ChatRequest } from './wire.ts'

export interface Completion {
  readonly id: string
  readonly object: 'chat.completion'
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
  readonly choices: readonly [
    {
      readonly index: 0
      readonly message: AssistantMessage
      readonly logprobs: null
      readonly finish_reason: 'stop' | 'tool_calls' | 'length'
    },
  ]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
}

interface AssistantMessage {
  readonly role: 'assistant'
  readonly content: string | null
  readonly refusal: null
  readonly tool_calls?: readonly [
    {
      readonly id: string
      readonly type: 'function'
      readonly function: { readonly name: string; readonly arguments: string }
    },
  ]
}

export function complete(request: ChatRequest, seed: number): Completion {
  const { messages, model } = request
  const tools = request.tool_choice === 'none' ? [] : (request.tools ?? [])
  const move = decideTurn(messages, tools, seed)
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY
  const said = move.is === 'reply' ? move.text : JSON.stringify(move.call)
  const cut = move.is === 'reply' && countTokens(said) > limit
  const text = cut ? firstTokens(said, limit) : said
  const id = idBySeed('chatcmpl-', seed, JSON.stringify([model, messages]))
  const prompt = countPrompt(request)
  const written = countTokens(text)
  return {
    id,
    object: 'chat.completion',
    // A fixed time keeps answers equal byte for byte.
    created: 0,
    model,
    system_fingerprint: `simulation-seed-${seed}`,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: move.is === 'reply' ? text : null,
          refusal: null,
          ...(move.is === 'call' && {
            tool_calls: [
              {
                id: idBySeed('call_', seed, `${id} ${said}`),
                type: 'function',
                function: { name: move.call.tool, arguments: JSON.stringify(move.call.arguments) },
              },
            ],
          }),
        },
        logprobs: null,
        finish_reason: move.is === 'call' ? 'tool_calls' : cut ? 'length' : 'stop',
      },
    ],
    usage: { prompt_tokens: prompt, completion_tokens: written, total_tokens: prompt + written },
  }
}
