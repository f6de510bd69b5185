/** The helpdesk over HTTP: its MCP endpoint, the questions of the guard, and a look at its state for tests. */
import { hostHeaderValidationResponse, localhostAllowedHostnames } from '@modelcontextprotocol/server'
import { permitsOf, requirePermit } from 'airworthy/permit'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { authChecks, authRequest } from './auth-checks.ts'
import { createDesk, type Desk } from './desk.ts'
import { createExecutor } from './execute.ts'
import { bodyBytesMax, createMcpDoor } from './mcp.ts'
import { readTools } from './tools.ts'

export interface HelpdeskOptions {
  readonly seed: number
  /** The kit's permit key; absent: permits are off, and the banner says so. */
  readonly permitKey?: string | undefined
  /** Bearer of `GET /state`; absent: the state is not shown. */
  readonly stateToken?: string | undefined
}

const reconcileRequest = z.object({
  action_id: z.string(),
  idempotency_key: z.string(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()),
})

/** @throws PERMIT_KEY_INVALID */
export function createHelpdesk({ seed, permitKey, stateToken }: HelpdeskOptions): {
  readonly app: Hono
  readonly desk: Desk
} {
  const desk = createDesk(seed)
  const executor = createExecutor(desk)
  const door = createMcpDoor(executor)
  const app = new Hono()

  // A web page that points its own name at this machine would otherwise reach the desk.
  app.use(
    '*',
    async (context, next) => hostHeaderValidationResponse(context.req.raw, localhostAllowedHostnames()) ?? next(),
  )
  app.get('/', (context) => context.text(banner(permitKey !== undefined)))
  if (permitKey !== undefined)
    app.use('/mcp', requirePermit({ key: permitKey, audience: 'helpdesk', exempt: readTools, bodyBytesMax }))
  app.all('/mcp', async (context) => {
    const { raw } = context.req
    const [claims, ...more] = permitsOf(raw)
    // One permit, one call, one idempotency key: which call of a batch a key belongs to would be a guess.
    if (more.length > 0) return context.json({ error: 'The helpdesk takes one call in a request.' }, 400)
    const extra = claims === undefined ? {} : { idempotencyKey: claims.idempotency_key }
    return door.fetch(raw, { authInfo: { token: '', clientId: claims?.agent ?? 'anonymous', scopes: [], extra } })
  })

  app.use('*', bodyLimit({ maxSize: bodyBytesMax }))
  app.post('/authorize/:check', async (context) => {
    const name = context.req.param('check')
    if (!Object.hasOwn(authChecks, name)) return context.json({ error: 'There is no such check.' }, 404)
    const request = authRequest.safeParse(await bodyOf(context))
    if (!request.success) return context.json({ error: 'The request has another shape.' }, 400)
    return context.json(authChecks[name]?.(desk, request.data))
  })
  app.post('/reconcile', async (context) => {
    const request = reconcileRequest.safeParse(await bodyOf(context))
    if (!request.success) return context.json({ error: 'The request has another shape.' }, 400)
    return context.json(executor.reconcile(request.data.idempotency_key, request.data.tool, request.data.arguments))
  })
  app.get('/state', (context) => {
    if (stateToken === undefined || context.req.header('authorization') !== `Bearer ${stateToken}`)
      return context.json({ error: 'No.' }, 401)
    const { world, refunds, emails } = desk
    return context.json({ world, refunds, emails })
  })
  return { app, desk }
}

/** What this server says about itself. */
export function banner(permits: boolean): string {
  return `Helpdesk: a simulated world. Permits are ${permits ? 'demanded for every tool that changes something' : 'OFF: whoever reaches this address can do anything'}.`
}

async function bodyOf(context: Context): Promise<unknown> {
  return context.req.json().catch(() => undefined)
}
