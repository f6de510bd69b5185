/** Passes a provider's stream on, piece by piece as it comes, and tells once how it ended: whole, or cut by either side. */
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { EventTap } from './event-tap.ts'

/** The longest answer that an API gives, a token an event. Beyond it the stream is cut, and all that was reserved counts as used. */
const streamBytesMax = 128 * 1024 * 1024

export interface PassedStream {
  readonly tap: EventTap
  /** Stops the provider. */
  readonly leave: () => void
  readonly onEnd: (isWhole: boolean) => Promise<void>
  readonly bytesMax?: number
}

/** Nothing is read before somebody reads. */
export function passedStream(
  source: AsyncIterable<Uint8Array>,
  { tap, leave, onEnd, bytesMax = streamBytesMax }: PassedStream,
): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | undefined
  let size = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pieces ??= source[Symbol.asyncIterator]()
        try {
          for (;;) {
            const { done = false, value } = await pieces.next()
            const passed = done ? tap.end() : tap.pass(value)
            if (passed !== undefined) controller.enqueue(passed)
            if (done) {
              await onEnd(true)
              controller.close()
              return
            }
            size += value.byteLength
            if (size > bytesMax) throw new Error(`the stream is longer than ${bytesMax} bytes`)
            // What was held back alone would leave the client's reader waiting.
            if (passed !== undefined) return
          }
        } catch (error) {
          leave()
          await pieces.return?.()
          await onEnd(false)
          controller.error(error)
        }
      },
      async cancel() {
        leave()
        await pieces?.return?.()
        await onEnd(false)
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * The same to a socket whose head is written, without the turns of the event loop that a web stream takes for each piece. A stream that is
 * cut destroys the other side. Never throws.
 */
export function passStream(
  source: Readable,
  outgoing: ServerResponse,
  { tap, leave, onEnd, bytesMax = streamBytesMax }: PassedStream,
): void {
  let size = 0
  let isBegun = false
  let isOver = false
  const cut = (): void => {
    if (isOver) return
    isOver = true
    leave()
    source.destroy()
    outgoing.destroy()
    onEnd(false).catch(() => {}) // The sweep counts the call as lost.
  }
  const pass = (tapped: () => Uint8Array | undefined): void => {
    if (isOver) return
    try {
      const bytes = tapped()
      if (bytes === undefined) return
      const isFirst = !isBegun
      isBegun = true
      if (!outgoing.write(bytes)) source.pause()
      // Node gathers the writes of one turn; the first token is not to wait until the others of a burst are read.
      if (isFirst) outgoing.socket?.uncork()
    } catch {
      cut()
    }
  }
  source.on('data', (bytes: Uint8Array) => {
    size += bytes.byteLength
    if (size > bytesMax) cut()
    else pass(() => tap.pass(bytes))
  })
  source.on('end', () => {
    pass(tap.end)
    // What was cut may end all the same.
    if (isOver) return
    onEnd(true).then(() => {
      isOver = true
      outgoing.end()
    }, cut)
  })
  source.on('error', cut)
  source.on('close', () => {
    if (!source.readableEnded) cut()
  })
  outgoing.on('drain', () => source.resume())
  outgoing.on('error', cut)
  outgoing.on('close', cut)
  if (source.destroyed || outgoing.destroyed) cut()
  // The head waits a turn for the first piece, which is often at hand, and no longer.
  setImmediate(() => {
    if (!isBegun && !isOver) outgoing.flushHeaders()
  })
}
