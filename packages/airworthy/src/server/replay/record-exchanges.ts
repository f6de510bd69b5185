/** Records what passes between an agent and the kit, byte for byte, for those tasks that somebody wants recorded. */
import { type Exchange, type LossReason, withoutToken } from '../../evals/cassette/cassette.ts'
import { boundedBytes } from '../model/bounded-bytes.ts'

export interface ExchangeRecorder {
  /** An exchange of the task of this token begins; undefined: nobody wants it. */
  begin(token: string): OpenExchange | undefined
  /** A task was closed, with this in the request's body. */
  closed?(task: string, body: string): void
  /** A task is forgotten: resolves when nothing of it will be written any more. */
  forget?(task: string): Promise<void>
}

export interface OpenExchange {
  /** Of request and answer each; what is longer is lost. */
  readonly bytesMax: number
  end(exchange: Exchange): void
  lose(why: LossReason, known: Exchange): void
}

/** Doors that an agent uses with its task's token. */
const recordedPaths = /^\/(openai|anthropic|mcp|api\/v1\/(tasks|actions))\//
const closingPath = /^\/api\/v1\/tasks\/([^/]+)\/close$/
const requestHeaders = ['content-type', 'accept', 'mcp-protocol-version', 'mcp-session-id', 'anthropic-version']
const answerHeaders = ['content-type', 'mcp-session-id', 'airworthy-fallback', 'airworthy-mode', 'retry-after']
/** What is said at the end of a task. */
const closingBytesMax = 256 * 1024

/** The same handler; its answers do not change, and nothing waits for the recorder. */
export function recordExchanges(
  handle: (request: Request) => Promise<Response>,
  recorder: ExchangeRecorder,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url)
    if (!recordedPaths.test(url.pathname)) return await handle(request)
    const header = (name: string): string | undefined => request.headers.get(name) ?? undefined
    const token = taskTokenOf(header) ?? (await tokenInMessage(request, url))
    const closing = request.method === 'POST' ? closingPath.exec(url.pathname)?.[1] : undefined
    const open = token === undefined ? undefined : recorder.begin(token)
    const said = closing === undefined || recorder.closed === undefined ? undefined : request.clone()
    if (open === undefined || token === undefined) {
      const answer = await handle(request)
      if (said !== undefined && answer.ok) void tellClosing(recorder, closing, said)
      return answer
    }
    // Read beside the handler, and no further than it is kept.
    const asked = request.body === null ? Promise.resolve('') : boundedText(request.clone(), open.bytesMax)
    let answer: Response
    try {
      answer = await handle(request)
    } catch (error) {
      open.lose('unwritten', exchangeOf(request, url, token, undefined))
      throw error
    }
    if (said !== undefined && answer.ok) void tellClosing(recorder, closing, said)
    const known = exchangeOf(request, url, token, answer)
    const keep = async (text: string | undefined): Promise<void> => {
      const question = await asked
      if (question === undefined || text === undefined) open.lose('too-large', known)
      else open.end({ ...known, request: withoutToken(question, token), answer: withoutToken(text, token) })
    }
    if (answer.body === null) {
      void keep('')
      return answer
    }
    const watched = watchedBody(answer.body, open.bytesMax, (text) => void keep(text))
    return new Response(watched, { status: answer.status, headers: answer.headers })
  }
}

/** @param onEnd  told once, with what went by, or undefined when that is too long: when it ends, breaks, or nobody reads on. */
function watchedBody(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  onEnd: (text: string | undefined) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let kept: Uint8Array[] = []
  let bytes = 0
  let isEnded = false
  const end = (): void => {
    if (isEnded) return
    isEnded = true
    onEnd(bytes > bytesMax ? undefined : Buffer.concat(kept).toString('utf8'))
    kept = []
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          end()
          controller.close()
          return
        }
        bytes += value.length
        if (bytes <= bytesMax) kept.push(value)
        else kept = []
        controller.enqueue(value)
      } catch (error) {
        end()
        controller.error(error)
      }
    },
    async cancel(reason) {
      end()
      await reader.cancel(reason)
    },
  })
}

/** Bodies apart. */
function exchangeOf(request: Request, url: URL, token: string, answer: Response | undefined): Exchange {
  return {
    method: request.method,
    path: withoutToken(`${url.pathname}${url.search}`, token),
    requestHeaders: picked(request.headers, requestHeaders),
    request: '',
    status: answer?.status ?? 500,
    answerHeaders: answer === undefined ? {} : picked(answer.headers, answerHeaders),
    answer: '',
  }
}

async function boundedText(request: Request, bytesMax: number): Promise<string | undefined> {
  const bytes = await boundedBytes(request.body as unknown as AsyncIterable<Uint8Array>, bytesMax)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
}

async function tellClosing(recorder: ExchangeRecorder, task: string | undefined, said: Request): Promise<void> {
  if (task === undefined || said.body === null) return
  const text = await boundedText(said, closingBytesMax)
  if (text !== undefined) recorder.closed?.(decodeURIComponent(task), text)
}

/** MCP clients may have the token in the message (`_meta`) and nowhere else. */
async function tokenInMessage(request: Request, url: URL): Promise<string | undefined> {
  if (request.method !== 'POST' || !url.pathname.startsWith('/mcp/') || request.headers.has('authorization')) {
    return undefined
  }
  const text = request.body === null ? undefined : await boundedText(request.clone(), messageBytesMax)
  return text === undefined ? undefined : /"airworthy\/task"\s*:\s*"(awt_[\w-]{1,128})"/.exec(text)?.[1]
}
const messageBytesMax = 1024 * 1024

/** A task's token, wherever it stands among the headers. */
export function taskTokenOf(header: (name: string) => string | undefined): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1]
  return [header('airworthy-task'), bearer, header('x-api-key')].find((one) => one?.startsWith('awt_') === true)
}

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
}
