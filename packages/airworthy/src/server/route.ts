/** What a route is. The list of them (routes.ts) is what the server serves, what the OpenAPI document and its tests are made from. */
import type { z } from 'zod'
import type { Kit } from '../kit.ts'
import type { Caller, CallerKind } from './caller.ts'
import type { Metrics } from './metrics.ts'
import type { Intake } from './otlp/intake.ts'
import { plainResponse } from './plain-response.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `{name}` for a segment and a last `*` for the rest. */
  readonly path: string
  /** Kinds of credential that open it; `open` needs none. */
  readonly credentials: readonly CallerKind[] | 'open'
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** 1 MiB unless told. */
  readonly bodyBytesMax?: number
  /** Puts a credential that stands in the body where the gate looks for it. */
  readonly lift?: (request: Request) => Promise<Request>
  readonly answer: RouteAnswer
  readonly handle: (asked: Asked<unknown, unknown>) => Promise<Response>
  /** Words errors as another protocol has them, those of the gate before the route too; problem documents unless told. */
  readonly refuse?: (error: unknown, request: Request, onFault: (error: unknown) => void) => Response
}

interface RouteAnswer {
  /** 200 unless told. */
  readonly status?: number
  readonly schema?: z.ZodType
  /** application/json unless told. */
  readonly mediaType?: string
}

/** One request on its route, with everything about it verified. */
export interface Asked<Body, Query> {
  readonly server: ServerContext
  /** Undefined on open routes alone. */
  readonly caller: Caller | undefined
  readonly params: Readonly<Record<string, string>>
  readonly body: Body
  readonly query: Query
  readonly request: Request
}

export interface ServerContext {
  readonly kit: Kit
  /** Under which clients reach it; no slash at the end. */
  readonly baseUrl: string
  readonly metrics: Metrics
  readonly gateway: (request: Request) => Promise<Response>
  /** Aborts when the server stops. */
  readonly closing: AbortSignal
  readonly eventStreams: { count: number }
  /** Of spans. */
  readonly intake: Intake
  /** Resolves when what passed in a task is not recorded any more; undefined: nothing is. */
  readonly stopRecording: ((task: string) => Promise<void>) | undefined
}

/** Ties the types of body and query to the handler, then forgets them: the server fits each request to the schemas first. */
export function route<Body extends z.ZodType, Query extends z.ZodType>(
  spec: Omit<Route, 'handle' | 'body' | 'query'> & {
    readonly body?: Body
    readonly query?: Query
    readonly handle: (asked: Asked<z.infer<Body>, z.infer<Query>>) => Promise<Response>
  },
): Route {
  return spec as unknown as Route
}

export function jsonAnswer(value: unknown, status = 200): Response {
  return plainResponse(JSON.stringify(value), status, { 'content-type': 'application/json' })
}

export function textAnswer(text: string, status = 200): Response {
  return plainResponse(text, status, { 'content-type': 'text/plain; charset=utf-8' })
}
