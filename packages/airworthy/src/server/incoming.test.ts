import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { Incoming } from './incoming.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** What the server has at hand once it has judged the headers of a request that comes in these pieces, and what it reads after all. */
async function atHand(
  pieces: readonly string[],
): Promise<{ atHand: string | undefined; twice: boolean; read: string }> {
  const server = createServer({ IncomingMessage: Incoming })
  open.push(() => server.close().closeAllConnections())
  const seen = new Promise<{ atHand: string | undefined; twice: boolean; read: string }>((resolve) => {
    server.on('request', async (request: Incoming, response) => {
      await Promise.resolve()
      const body = request.rawBody
      const twice = request.rawBody === body
      const chunks: Buffer[] = body === undefined ? [] : [body]
      for await (const chunk of request) chunks.push(chunk)
      response.end()
      resolve({ atHand: body?.toString(), twice, read: Buffer.concat(chunks).toString() })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true)
  open.push(() => socket.destroy())
  const [first, ...later] = pieces
  const judged = once(server, 'request')
  socket.write(first as string)
  await judged
  for (const piece of later) socket.write(piece)
  return await seen
}

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`

it.each<[string, readonly string[], string | undefined, string]>([
  ['a body that came with its headers', [`${head(4)}body`], 'body', 'body'],
  ['no body', [head(0)], undefined, ''],
  ['a body that comes later', [head(4), 'body'], undefined, 'body'],
  ['a body of which a part came', [`${head(4)}bo`, 'dy'], undefined, 'body'],
  [
    'a body in chunks, whose length nobody said',
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n'],
    undefined,
    'body',
  ],
])('%s', async (_what, pieces, expected, whole) => {
  expect(await atHand(pieces)).toEqual({ atHand: expected, twice: true, read: whole })
})
