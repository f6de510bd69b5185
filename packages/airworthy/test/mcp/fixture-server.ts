/** An MCP server for tests, on the official SDK: tools that behave, hang, fail and report progress; resources, prompts, a method of its own. */
import { Server, type ServerContext } from '@modelcontextprotocol/server'

/** What the server received and how it shall behave; shared by all its per-request instances. */
export interface FixtureWorld {
  readonly calls: FixtureCall[]
  readonly cancelled: string[]
  /** Part of the description of `echo`: changing it changes the definition. */
  flavour: string
}

export interface FixtureCall {
  readonly tool: string
  readonly arguments: Record<string, unknown>
  readonly meta: Record<string, unknown>
  readonly headers: Record<string, string>
}

export function fixtureWorld(): FixtureWorld {
  return { calls: [], cancelled: [], flavour: 'plain' }
}

const object = (properties: object, required: string[] = []): { type: 'object' } & Record<string, unknown> => ({
  type: 'object',
  properties,
  required,
})

/** The tools as offered now. `refund` and `wipe` stand for something irreversible; `book` mirrors an argument in a header. */
export function fixtureTools(
  world: FixtureWorld,
): ({ name: string; inputSchema: { type: 'object' } } & Record<string, unknown>)[] {
  return [
    {
      name: 'echo',
      description: `Says it again (${world.flavour}).`,
      inputSchema: object({ text: { type: 'string' } }, ['text']),
    },
    { name: 'whoami', description: 'Tells what the server process sees.', inputSchema: object({}) },
    {
      name: 'refund',
      description: 'Pays back.',
      inputSchema: object({ order: { type: 'string' } }),
      annotations: { destructiveHint: true },
    },
    { name: 'broken', description: 'Always fails in its own words.', inputSchema: object({}) },
    { name: 'hang', description: 'Never answers.', inputSchema: object({}) },
    { name: 'steps', description: 'Reports progress.', inputSchema: object({ n: { type: 'integer' } }) },
    { name: 'big', description: 'Answers at length.', inputSchema: object({ bytes: { type: 'integer' } }) },
    { name: 'die', description: 'Takes its process down.', inputSchema: object({}) },
    {
      name: 'book',
      description: 'Books a place.',
      inputSchema: object({ place: { type: 'string', 'x-mcp-header': 'Place' } }, ['place']),
    },
  ]
}

/** @param die  what the tool `die` does; in a child process it exits. */
export function createFixtureServer(world: FixtureWorld, die: () => void = () => process.exit(3)): Server {
  const server = new Server(
    { name: 'fixture', version: '1.2.3' },
    { capabilities: { tools: { listChanged: true }, resources: {}, prompts: {}, completions: {} } },
  )
  server.setRequestHandler('tools/list', async () => ({ tools: fixtureTools(world) }) as never)
  server.setRequestHandler(
    'tools/call',
    async (request, context) => call(world, request.params as never, context, die) as never,
  )
  server.setRequestHandler('resources/list', async () => ({
    resources: [{ uri: 'fixture://readme', name: 'readme', mimeType: 'text/plain' }],
  }))
  server.setRequestHandler('resources/templates/list', async () => ({
    resourceTemplates: [{ uriTemplate: 'fixture://order/{id}', name: 'order' }],
  }))
  server.setRequestHandler('resources/read', async (request) => ({
    contents: [{ uri: request.params.uri, text: `contents of ${request.params.uri}` }],
  }))
  server.setRequestHandler('prompts/list', async () => ({ prompts: [{ name: 'greet', description: 'Greets.' }] }))
  server.setRequestHandler('prompts/get', async (request, context) => prompt(request.params as never, context) as never)
  server.setRequestHandler('completion/complete', async () => ({ completion: { values: ['one', 'two'] } }))
  server.fallbackRequestHandler = async (request) => {
    if (request.method !== 'fixture/ping') throw Object.assign(new Error('Method not found'), { code: -32601 })
    return { pong: request.params, extra: 'kept' } as never
  }
  return server
}

async function call(
  world: FixtureWorld,
  params: { name: string; arguments?: Record<string, unknown>; _meta?: Record<string, unknown> },
  context: ServerContext,
  die: () => void,
): Promise<object> {
  const { name, arguments: given = {} } = params
  const headers = Object.fromEntries(context.http?.req?.headers ?? [])
  world.calls.push({ tool: name, arguments: given, meta: params._meta ?? {}, headers })
  const text = (said: string): object => ({ content: [{ type: 'text', text: said }] })
  switch (name) {
    case 'echo':
      return { ...text(String(given.text)), structuredContent: { said: given.text }, unheardOf: { kept: true } }
    case 'whoami':
      return { ...text('me'), structuredContent: { pid: process.pid, environment: { ...process.env } } }
    case 'refund':
      return text(`refunded ${String(given.order)}`)
    case 'book':
      return text(`booked ${String(given.place)}`)
    case 'broken':
      return { ...text('it is broken'), isError: true }
    case 'big':
      return text('x'.repeat(Number(given.bytes)))
    case 'die':
      die()
      return new Promise(() => {})
    case 'hang':
      return new Promise((_, reject) => {
        context.mcpReq.signal.addEventListener('abort', () => {
          world.cancelled.push(name)
          reject(new Error('cancelled'))
        })
      })
    case 'steps': {
      const token = params._meta?.progressToken as string | number
      for (let n = 1; n <= Number(given.n); n++) {
        // Apart in time: the SDK's client drops a progress that arrives in one read with the result that follows it.
        await new Promise((resolve) => setTimeout(resolve, 20))
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken: token, progress: n, total: Number(given.n), message: `step ${n}` },
        })
      }
      // Of all these moments the one that counts: a busy machine reads late.
      await new Promise((resolve) => setTimeout(resolve, 150))
      return text('done')
    }
    default:
      throw Object.assign(new Error(`Unknown tool: ${name}`), { code: -32602 })
  }
}

/** In the 2026 era it first asks for a name; the answer comes back with the state that went out. */
async function prompt(params: { name: string }, context: ServerContext): Promise<object> {
  const { inputResponses } = context.mcpReq as { inputResponses?: Record<string, { content?: { name?: string } }> }
  const answer = inputResponses?.who
  if (params.name === 'greet' && answer === undefined && context.mcpReq.envelope !== undefined) {
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } }
    return {
      resultType: 'input_required',
      inputRequests: {
        who: { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema } },
      },
      requestState: 'state-of-the-fixture',
    }
  }
  const name = answer?.content?.name ?? 'stranger'
  return {
    messages: [
      { role: 'user', content: { type: 'text', text: `Hello ${name} (${String(context.mcpReq.requestState())})` } },
    ],
  }
}
