/**
 * The span writer in a thread of its own, begun with the first request: decoding and inserting thousands of spans takes tens of
 * milliseconds in which the guard, on the main thread, would answer nobody.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { AirworthyError, type Fault, invariant } from '../../core/errors.ts'
import type { ReceivedSpans, SpanRequest } from '../../operate/traces/port.ts'
import type { ExpiredSpans, ExpireSpans } from '../../operate/traces/retention-port.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import type { SpanWriter } from './span-writer.ts'

export interface ThreadData {
  readonly dir: string
}

export type ToThread =
  | { readonly kind: 'write'; readonly id: number; readonly request: SpanRequest }
  | { readonly kind: 'record'; readonly id: number; readonly spans: readonly SpanRecord[] }
  | { readonly kind: 'expire'; readonly id: number; readonly act: ExpireSpans }
  | { readonly kind: 'carry' }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly id: number; readonly answer: ReceivedSpans | ExpiredSpans | undefined }
  | { readonly id: number; readonly fault: Fault }
  | { readonly id: number; readonly bug: string }

export interface ThreadedSpanWriter extends SpanWriter {
  /** Asks for what the guard committed to be carried into its file; until the thread has begun, SQLite does that by itself. */
  carry(): void
}

interface Waiting {
  readonly resolve: (answer: ReceivedSpans | ExpiredSpans | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Spans are copied on their way to the thread, which an action may have to wait for. */
const perMessage = 32

/** Enough for the largest request in JSON; a thread that needs more ends, and the process does not. */
const heapMbMax = 1_536

/**
 * @param dir  the kit's folder; a database in memory has no second connection.
 * @param onBegin  called when the thread begins, which from then on carries what was committed into the database file.
 */
export function threadedSpanWriter(dir: string, onBegin: () => void): ThreadedSpanWriter {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let lastId = 0
  let isClosed = false

  function begun(): Worker {
    if (worker !== undefined) return worker
    const file = import.meta.url.endsWith('.ts')
      ? new URL('./span-writer.worker.ts', import.meta.url)
      : new URL('./span-writer.worker.js', import.meta.url)
    const started = new Worker(file, {
      workerData: { dir } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    })
    started.on('message', (message: FromThread) => {
      const one = waiting.get(message.id)
      waiting.delete(message.id)
      // What waits for spans keeps the process alive; an idle thread does not.
      if (waiting.size === 0) started.unref()
      if ('answer' in message) one?.resolve(message.answer)
      else if ('fault' in message) one?.reject(new AirworthyError(message.fault))
      else one?.reject(new Error(message.bug))
    })
    const ended = (why: string) => (): void => {
      if (worker === started) worker = undefined
      for (const { reject } of waiting.values()) reject(gone(why))
      waiting.clear()
    }
    started.on('error', ended('it failed'))
    started.on('exit', ended('it ended'))
    worker = started
    onBegin()
    return started
  }

  function asked(
    messageOf: (id: number) => ToThread,
    moved: readonly ArrayBuffer[],
  ): Promise<ReceivedSpans | ExpiredSpans | undefined> {
    return new Promise((resolve, reject) => {
      if (isClosed) {
        reject(gone('the store is closed'))
        return
      }
      const id = ++lastId
      const thread = begun()
      waiting.set(id, { resolve, reject })
      thread.ref()
      thread.postMessage(messageOf(id), [...moved])
    })
  }

  return {
    carry: () => worker?.postMessage({ kind: 'carry' } satisfies ToThread),
    async write(request) {
      const body = movable(request.body)
      const answer = await asked((id) => ({ kind: 'write', id, request: { ...request, body } }), [body.buffer])
      invariant(answer !== undefined && 'kind' in answer, 'a request is answered with what became of it')
      return answer
    },
    async record(spans) {
      const answers: Promise<unknown>[] = []
      for (let from = 0; from < spans.length; from += perMessage) {
        if (from > 0) await nextTurn()
        const some = spans.slice(from, from + perMessage)
        answers.push(asked((id) => ({ kind: 'record', id, spans: some }), []))
      }
      await Promise.all(answers)
    },
    async expire(act) {
      const answer = await asked((id) => ({ kind: 'expire', id, act }), [])
      invariant(answer !== undefined && 'isLast' in answer, 'a batch is answered with what became of it')
      return answer
    },
    async close() {
      isClosed = true
      const ending = worker
      if (ending === undefined) return
      ending.ref()
      const exit = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
      ending.postMessage({ kind: 'close' } satisfies ToThread)
      await exit
    },
  }
}

/** A view of a larger buffer, such as Node's pool, must not be given away with all that is around it. */
function movable(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = body.buffer instanceof ArrayBuffer && body.byteLength === body.buffer.byteLength
  return isWhole ? (body as Uint8Array<ArrayBuffer>) : Uint8Array.from(body)
}

function gone(why: string): AirworthyError {
  return new AirworthyError({
    code: 'STORE_UNAVAILABLE',
    message: `The thread that writes spans did not answer: ${why}.`,
    mend: 'Send the spans again; what was kept of them stays as it is.',
  })
}
