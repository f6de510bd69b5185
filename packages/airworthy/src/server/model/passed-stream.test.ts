import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { type PassedStream, passedStream, passStream } from './passed-stream.ts'

const tap = { pass: (bytes: Uint8Array) => bytes, end: () => undefined }

it('a stream without end is cut at its bound, and its provider is stopped', async () => {
  let given = 0
  let isCancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      given++
      controller.enqueue(new Uint8Array(1_000))
    },
    cancel() {
      isCancelled = true
    },
  })
  const ends: boolean[] = []
  let left = 0
  const passed = passedStream(endless, {
    tap,
    bytesMax: 10_000,
    leave: () => left++,
    onEnd: async (isWhole) => void ends.push(isWhole),
  })
  await expect(new Response(passed).arrayBuffer()).rejects.toThrow(/longer than 10000 bytes/)
  expect([ends, left, isCancelled]).toEqual([[false], 1, true])
  expect(given).toBeLessThan(15)
})

it('nothing is read ahead of a client that does not read', async () => {
  let given = 0
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      given++
      controller.enqueue(new Uint8Array(1_000))
    },
  })
  const passed = passedStream(source, { tap, leave: () => {}, onEnd: async () => {} })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(given).toBeLessThan(5)
  await passed.cancel()
})

describe('to a socket', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.closeAllConnections()
  })

  /** What a client of a server that passes the source on reads; undefined: the connection broke. */
  async function read(source: Readable, options: PassedStream): Promise<string | undefined> {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      passStream(source, response, options)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text()
    } catch {
      return undefined
    } finally {
      server.close()
    }
  }
  const watched = (more: Partial<PassedStream> = {}) => {
    const ends: boolean[] = []
    let left = 0
    return {
      ends,
      leftTimes: () => left,
      options: { tap, leave: () => left++, onEnd: async (isWhole: boolean) => void ends.push(isWhole), ...more },
    }
  }
  const bytesOf = (text: string): Buffer => Buffer.from(text)

  it('the first piece of a burst is on its way before the second is looked at', async () => {
    const sent: number[] = []
    const source = new Readable({ read() {} })
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const pass = (bytes: Uint8Array): Uint8Array => {
        sent.push(response.socket?.writableLength === 0 ? (response.socket.bytesWritten ?? 0) : 0)
        return bytes
      }
      passStream(source, response, { tap: { ...tap, pass }, leave: () => {}, onEnd: async () => {} })
      // As a parser does with one read of a socket: in one turn.
      for (const piece of ['one', 'two', 'three']) source.emit('data', Buffer.from(piece))
      source.push(null)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(await answer.text()).toBe('onetwothree')
    expect(sent[0]).toBe(0)
    expect(sent[1]).toBeGreaterThan(0)
  })

  it('every piece comes, and what the tap held back at the end', async () => {
    const { options, ends, leftTimes } = watched({ tap: { pass: (bytes) => bytes, end: () => bytesOf('!') } })
    expect(await read(Readable.from([bytesOf('a'), bytesOf('b')]), options)).toBe('ab!')
    expect([ends, leftTimes()]).toEqual([[true], 0])
  })

  it.each<[string, () => Readable, Partial<PassedStream>]>([
    ['a source that breaks off', () => Readable.from(broken()), {}],
    ['a source that is gone before it is read', () => Readable.from([bytesOf('a')]).destroy(), {}],
    ['a stream beyond its bound', () => Readable.from([bytesOf('aaaa'), bytesOf('bbbb')]), { bytesMax: 6 }],
    [
      'a tap that throws',
      () => Readable.from([bytesOf('a')]),
      {
        tap: {
          pass: () => {
            throw new Error('a bug')
          },
          end: () => undefined,
        },
      },
    ],
  ])('%s cuts the connection and counts once as not whole', async (_name, source, more) => {
    const { options, ends, leftTimes } = watched(more)
    const from = source()
    expect(await read(from, options)).toBeUndefined()
    expect([ends, leftTimes(), from.destroyed]).toEqual([[false], 1, true])
  })

  it('an end that cannot be written cuts the connection', async () => {
    const onEnd = () => Promise.reject(new Error('the store is away'))
    expect(await read(Readable.from([bytesOf('a')]), watched({ onEnd }).options)).toBeUndefined()
  })

  it('a client that leaves stops the provider', async () => {
    const { options, ends } = watched()
    const source = new Readable({ read: () => {} })
    const server = createServer((_request, response) => {
      response.writeHead(200)
      passStream(source, response, options)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // The head comes though no piece has.
    const controller = new AbortController()
    const { port } = server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: controller.signal })
    expect(response.status).toBe(200)
    const stopped = new Promise((resolve) => source.once('close', resolve))
    controller.abort()
    await stopped
    server.close()
    expect(ends).toEqual([false])
  })
})

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from('a')
  throw new Error('reset')
}
