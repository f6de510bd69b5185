import { describe, expect, it } from 'vitest'
import { plainResponse, withHeaders } from './plain-response.ts'

type Given = Readonly<Record<string, string>>

const fixed: Given = { 'x-content-type-options': 'nosniff', 'airworthy-mode': 'observe' }
const defaults: Given = { 'cache-control': 'no-store' }
const kinds: readonly (readonly [string, (headers: Given) => Response])[] = [
  ['a plain response', (headers) => plainResponse('{"a":1}', 201, headers)],
  ['any other response', (headers) => new Response('{"a":1}', { status: 201, headers })],
]

describe.each(kinds)('%s', (_kind, make) => {
  it.each<[string, Given, Given]>([
    ['takes what it lacks', {}, { ...fixed, ...defaults }],
    [
      'keeps its own where that is a default',
      { 'cache-control': 'no-cache' },
      { ...fixed, 'cache-control': 'no-cache' },
    ],
    ['keeps what nobody speaks of', { 'mcp-session-id': 's' }, { ...fixed, ...defaults, 'mcp-session-id': 's' }],
    ['loses its own where that is fixed', { 'airworthy-mode': 'enforce' }, { ...fixed, ...defaults }],
  ])('%s', async (_what, own, expected) => {
    const given = { 'content-type': 'application/json', ...own }
    const response = withHeaders(make(given), fixed, defaults)
    expect(Object.fromEntries(response.headers)).toEqual({ 'content-type': 'application/json', ...expected })
    expect([response.status, await response.text()]).toEqual([201, '{"a":1}'])
  })
})
