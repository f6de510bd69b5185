import type { Client } from '@modelcontextprotocol/client'
import { expect, it } from 'vitest'
import { readTools } from './read-tools.ts'

/** A server whose every page says that there is another. */
function endless(descriptionCharacters: number): { readonly client: Client; readonly pages: () => number } {
  let pages = 0
  const request = async (): Promise<object> => {
    pages++
    const description = 'x'.repeat(descriptionCharacters)
    return { tools: [{ name: `t${pages}`, description, inputSchema: { type: 'object' } }], nextCursor: `${pages}` }
  }
  return { client: { request } as unknown as Client, pages: () => pages }
}

it('a list without an end is cut off by its pages, and by what they hold together', async () => {
  const small = endless(10)
  await expect(readTools(small.client, { timeoutMs: 1_000 })).rejects.toThrow(/more than 200 pages/)
  const large = endless(4 * 1024 * 1024)
  await expect(readTools(large.client, { timeoutMs: 1_000 })).rejects.toThrow(/longer than 16777216 characters/)
  expect(large.pages()).toBe(4)
})
