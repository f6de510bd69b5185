/** One request to a kit: its problem documents become errors with the same code, and only what may be repeated is. */
import type { WireProblem } from '../contract/problem.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { AirworthyError, type Fault } from '../core/errors.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { ConnectOptions } from './connect.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Sent again when it got lost; only for what has an idempotency key, or changes nothing. */
  readonly repeatable?: boolean
}

export type Http = <Answer>(request: HttpRequest) => Promise<Answer>

const timeoutMsDefault = 120_000
const triesMax = 3
const pauseMs = 200
/** The server did not take the request, or did not get to it. */
const lostStatuses: ReadonlySet<number> = new Set([502, 503, 504])

export function http(options: Pick<ConnectOptions, 'url' | 'fetch' | 'timeoutMs'>, credential: string): Http {
  const { timeoutMs = timeoutMsDefault } = options
  if (!URL.canParse(options.url)) throw unreachable(options.url, 'this is no address', undefined)
  // Of a variable that is not set, where nobody checks types.
  if (typeof credential !== 'string' || credential === '')
    throw new AirworthyError({
      code: 'CREDENTIAL_INVALID',
      message: 'No key was given to ask the kit with.',
      mend: 'Give the key of an agent; `airworthy keys create --kind agent` makes one.',
    })
  const base = options.url.replace(/\/+$/, '')
  const send = options.fetch ?? fetch

  async function once<Answer>(request: HttpRequest): Promise<Answer> {
    const { method, path, body, headers, signal } = request
    const timeout = AbortSignal.timeout(timeoutMs)
    let response: Response
    let text: string
    try {
      response = await send(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${credential}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      text = await response.text()
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason
      throw unreachable(base, 'it did not answer', cause)
    }
    const answer = parsed(text)
    if (response.ok && answer !== undefined) return answer as Answer
    if (lostStatuses.has(response.status)) throw unreachable(base, `it answered ${response.status}`, answer)
    throw problemOf(response.status, answer)
  }

  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(request)
      } catch (error) {
        const isLost = error instanceof AirworthyError && error.code === 'KIT_UNREACHABLE'
        if (!isLost || request.repeatable !== true || attempt === triesMax) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt))
      }
    }
  }
}

function parsed(text: string): unknown {
  try {
    return valueOfJson(text)
  } catch {
    return undefined
  }
}

function unreachable(base: string, why: string, cause: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'KIT_UNREACHABLE',
      message: `The kit at ${base} could not be asked: ${why}.`,
      mend: 'Start it with `airworthy up`, or correct the address.',
    },
    { cause },
  )
}

function problemOf(status: number, answer: unknown): AirworthyError {
  const { code, message, mend, faults } = (answer ?? {}) as Partial<WireProblem>
  if (typeof code !== 'string' || typeof message !== 'string' || typeof mend !== 'string') {
    return new AirworthyError({
      code: 'KIT_UNREACHABLE',
      message: `What answered with status ${status} is no kit.`,
      mend: 'Correct the address.',
    })
  }
  const fault: Fault = { code: code as ErrorCode, message, mend }
  return new AirworthyError(fault, faults === undefined ? {} : { faults: faults as readonly Fault[] })
}
