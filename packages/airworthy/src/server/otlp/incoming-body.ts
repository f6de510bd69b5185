/**
 * The body of an export as the socket brings it. A request's own body is a stream of the web, which for the megabytes a second of spans
 * costs more than decoding them; and each of its chunks stays in memory until the collector comes by, which megabytes a second then
 * call for every other request.
 */
import { IncomingMessage } from 'node:http'
import type { BodyReader } from './read-otlp-body.ts'

const incomings = new WeakMap<Request, IncomingMessage>()

/** Requests of any other path are left alone. */
const path = '/v1/traces'

/** To be called before anybody reads the request. */
export function noteIncoming(request: Request, incoming: IncomingMessage | object): void {
  if (incoming instanceof IncomingMessage && incoming.url === path) incomings.set(request, incoming)
}

/** Of whichever stands behind the request. A request that somebody wrapped, to look at what it brings, is read as it is. */
export function bodyReaderOf(request: Request): BodyReader {
  const incoming = incomings.get(request)
  return incoming === undefined || incoming.readableDidRead
    ? (request.body ?? new Blob([]).stream()).getReader()
    : incomingReader(incoming)
}

function incomingReader(incoming: IncomingMessage): BodyReader {
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>
  return {
    read: async () => {
      const next = await chunks.next()
      return next.done === true ? { done: true } : { done: false, value: next.value }
    },
    async cancel() {
      // The answer needs the socket; what still comes is taken away, up to a bound, by who serves it.
      await chunks.return?.()
    },
    release({ buffer, byteLength }) {
      // Nobody else has it; a part of Node's pool is of others too.
      if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
    },
  }
}
