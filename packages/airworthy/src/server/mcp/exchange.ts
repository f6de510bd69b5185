/** One request, one HTTP response: a JSON body, or a stream of events as soon as something is told before the result. */
import type { JsonObject } from '../../core/json.ts'
import { errorMessage, errorResponse, jsonResponse, type RequestId, resultMessage } from './json-rpc.ts'

export type Notify = (method: string, params: JsonObject) => void

const encoder = new TextEncoder()
const keepAliveMs = 15_000
/** Beyond this much that the client has not read, notifications are dropped: a tool may tell faster than anybody listens, and without end. */
const unreadBytesMax = 256 * 1024

/**
 * Runs the work and answers. The stream opens with the first notification; work that tells nothing is answered by plain JSON.
 * @param onGone  called when the client leaves the stream before the end.
 */
export function exchange(
  id: RequestId,
  work: (notify: Notify) => Promise<JsonObject>,
  onGone: () => void,
): Promise<Response> {
  return new Promise((answer) => {
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined
    let keepAlive: NodeJS.Timeout | undefined
    let isOver = false
    const write = (text: string): void => {
      if (!isOver) stream?.enqueue(encoder.encode(text))
    }
    const event = (message: JsonObject): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`
    const open = (): void => {
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            stream = controller
          },
          cancel: () => {
            isOver = true
            clearInterval(keepAlive)
            onGone()
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: unreadBytesMax }),
      )
      keepAlive = setInterval(() => write(': keepalive\n\n'), keepAliveMs)
      const headers = {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      }
      answer(new Response(body, { headers }))
    }
    const finish = (message: JsonObject, plain: () => Response): void => {
      if (stream === undefined) {
        answer(plain())
        return
      }
      write(event(message))
      clearInterval(keepAlive)
      if (!isOver) stream.close()
      isOver = true
    }
    const notify: Notify = (method, params) => {
      if (isOver) return
      if (stream === undefined) open()
      if ((stream?.desiredSize ?? 0) > 0) write(event({ jsonrpc: '2.0', method, params }))
    }
    work(notify).then(
      (result) => {
        const message = resultMessage(id, result)
        finish(message, () => jsonResponse(message))
      },
      (error: unknown) => finish(errorMessage(id, error), () => errorResponse(id, error)),
    )
  })
}
