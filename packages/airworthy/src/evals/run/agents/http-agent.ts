/** An agent behind an address: each task is one POST. */
import { valueOfJson } from '../../../core/value-of-json.ts'
import { type AgentUnderTest, agentAnswerOf } from './agent.ts'

const answerBytesMax = 4 * 1024 * 1024

export function httpAgent(url: string): AgentUnderTest {
  return {
    async run(task, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(task),
        redirect: 'error',
        signal,
      })
      const text = await boundedText(response)
      if (!response.ok) throw new Error(`the agent answered ${response.status}`)
      return agentAnswerOf(valueOfJson(text))
    },
    close: async () => {},
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > answerBytesMax) throw new Error(`the agent's answer is longer than ${answerBytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
