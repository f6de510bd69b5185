/**
 * The server without its socket: a request goes through the same gate whatever it asks for (host, route, credential, query, body)
 * and comes to its handler with all of that verified. Whatever is wrong is one problem document for that one request.
 */
import { Hono } from 'hono'
import { type Caller, callerOf } from './caller.ts'
import { checkHost, type HostRules } from './check-host.ts'
import { withHeaders } from './plain-response.ts'
import { problemOf, RequestRefused } from './problem.ts'
import { fitted, readJsonBody } from './read-body.ts'
import type { Asked, Route, ServerContext } from './route.ts'
import { routes } from './routes.ts'

export interface AppOptions {
  readonly hosts: HostRules
  /** Told of what should never happen. */
  readonly onFault: (error: unknown) => void
}

export function createApp(server: ServerContext, options: AppOptions): (request: Request) => Promise<Response> {
  const app = new Hono()
  /** Routes without parameters, by method and path: these need no look at patterns. */
  const exact = new Map<string, Route>()
  const answered = (route: Route, raw: Request, params: Readonly<Record<string, string>>): Promise<Response> =>
    serve(server, route, raw, params).catch((error: unknown) => refused(route, error, raw, options.onFault))
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
    if (path === route.path && !path.endsWith('/*')) exact.set(`${route.method} ${path}`, route)
    app.on(route.method, path, ({ req }) => answered(route, req.raw, { ...paramsOf(route, req.param(), req.path) }))
  }
  app.notFound(() =>
    problemOf(
      new RequestRefused(404, {
        code: 'ROUTE_UNKNOWN',
        message: 'There is no such route.',
        mend: 'See docs/api.md, or /api/openapi.json.',
      }),
      options.onFault,
    ),
  )
  app.onError((error) => problemOf(error, options.onFault))

  return async (request) => {
    let response: Response
    try {
      checkHost(request.headers, options.hosts)
      const route = exact.get(`${request.method} ${pathOf(request.url)}`)
      response = await (route === undefined ? app.fetch(request) : answered(route, request, {}))
    } catch (error) {
      const route = exact.get(`${request.method} ${pathOf(request.url)}`)
      response = refused(route, error, request, options.onFault)
    }
    return sealed(response, server)
  }
}

/** Of an absolute http address, as it stands there. */
function pathOf(url: string): string {
  const from = url.indexOf('/', 'https://'.length)
  const query = url.indexOf('?', from)
  return query < 0 ? url.slice(from) : url.slice(from, query)
}

function refused(
  route: Route | undefined,
  error: unknown,
  request: Request,
  onFault: (error: unknown) => void,
): Response {
  return route?.refuse?.(error, request, onFault) ?? problemOf(error, onFault)
}

async function serve(
  server: ServerContext,
  route: Route,
  raw: Request,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const { credentials } = route
  const request = route.lift === undefined ? raw : await route.lift(raw)
  const caller: Caller | undefined =
    credentials === 'open' ? undefined : await callerOf(server.kit, request.headers, credentials)
  const query =
    route.query === undefined
      ? undefined
      : fitted(route.query, Object.fromEntries(new URL(request.url).searchParams.entries()))
  const body =
    route.body === undefined ? undefined : fitted(route.body, await readJsonBody(request, route.bodyBytesMax))
  const asked: Asked<unknown, unknown> = { server, caller, params, body, query, request }
  return await route.handle(asked)
}

function paramsOf(route: Route, params: Readonly<Record<string, string>>, path: string): Record<string, string> {
  if (!route.path.endsWith('/*')) return params
  return { ...params, '*': path.slice(route.path.length - 1) }
}

/** What every answer carries. */
const seal = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}
const observedSeal = { ...seal, 'airworthy-mode': 'observe' }
const unlessTold = { 'cache-control': 'no-store' }

function sealed(response: Response, { kit }: ServerContext): Response {
  return withHeaders(response, kit.mode === 'observe' ? observedSeal : seal, unlessTold)
}
