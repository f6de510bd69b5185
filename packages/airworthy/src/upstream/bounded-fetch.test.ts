import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { boundedFetch } from './bounded-fetch.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** The address of a server that answers with this body, its length declared. */
async function serving(body: Buffer, headers: Record<string, string>): Promise<string> {
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': `${body.length}`, ...headers }).end(body)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json = { 'content-type': 'application/json' }
const packed = { ...json, 'content-encoding': 'gzip' }

it.each<[string, Buffer, Record<string, string>]>([
  ['as it is', Buffer.alloc(2_000, 0x20), json],
  ['packed, and shorter so', gzipSync(Buffer.alloc(2_000, 0x20)), packed],
])('an answer longer than the limit is refused: %s', async (_what, body, headers) => {
  const url = await serving(body, headers)
  await expect(boundedFetch(url, undefined, 1_000).then((response) => response.text())).rejects.toThrow(/limit|longer/)
})

it('a packed answer within the limit is read', async () => {
  const url = await serving(gzipSync('{"a":1}'), packed)
  expect(await (await boundedFetch(url, undefined, 1_000)).json()).toEqual({ a: 1 })
})
