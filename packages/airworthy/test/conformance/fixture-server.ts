/** The server that the conformance suite is run against, alone and behind the gateway: on the official SDK, one definition for both eras. */
import { ProtocolError, Server, type ServerContext } from '@modelcontextprotocol/server'
import { fixtureTools, pixelPng } from './fixture-tools.ts'

const resources = [
  { uri: 'test://static-text', name: 'static-text', description: 'A text.', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'An image.', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched', description: 'A text that may change.', mimeType: 'text/plain' },
]

const argument = (name: string): object => ({ name, description: 'A word.', required: true })
const prompts = [
  { name: 'test_simple_prompt', description: 'A prompt.' },
  {
    name: 'test_prompt_with_arguments',
    description: 'A prompt with two words.',
    arguments: [argument('arg1'), argument('arg2')],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A prompt with a resource.',
    arguments: [argument('resourceUri')],
  },
  { name: 'test_prompt_with_image', description: 'A prompt with an image.' },
  { name: 'test_input_required_result_prompt', description: 'A prompt that asks first.' },
]

export function createFixtureServer(era: 'modern' | 'legacy'): Server {
  const server = new Server(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: {},
        prompts: {},
        completions: {},
        // What the 2026 revision removed is offered to the older era alone.
        ...(era === 'legacy' ? { logging: {}, resources: { subscribe: true } } : { resources: {} }),
      },
    },
  )
  server.setRequestHandler('tools/list', async () => ({ tools: toolsOf(era) }) as never)
  server.setRequestHandler('tools/call', async (request, context) => {
    const { name, arguments: given = {} } = request.params
    const tool = fixtureTools[name]
    if (tool === undefined) throw new ProtocolError(-32602, `Unknown tool: ${name}`)
    return (await tool.run(given as Record<string, unknown>, context)) as never
  })
  server.setRequestHandler('resources/list', async () => ({ resources }) as never)
  server.setRequestHandler(
    'resources/templates/list',
    async () =>
      ({
        resourceTemplates: [
          { uriTemplate: 'test://template/{id}/data', name: 'template', description: 'A text for each id.' },
        ],
      }) as never,
  )
  server.setRequestHandler('resources/read', async (request) => read(request.params.uri) as never)
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', async () => ({}))
    server.setRequestHandler('resources/unsubscribe', async () => ({}))
    server.setRequestHandler('logging/setLevel', async () => ({}))
  }
  server.setRequestHandler('prompts/list', async () => ({ prompts }) as never)
  server.setRequestHandler(
    'prompts/get',
    async (request, context) => prompt(request.params.name, request.params.arguments ?? {}, context) as never,
  )
  server.setRequestHandler('completion/complete', async () => ({ completion: { values: ['paris', 'park'], total: 2 } }))
  return server
}

export function toolsOf(era: 'modern' | 'legacy'): object[] {
  return Object.entries(fixtureTools)
    .filter(([, tool]) => era === 'legacy' || tool.legacyOnly !== true)
    .map(([name, { description, inputSchema = { type: 'object', properties: {} } }]) => ({
      name,
      description,
      inputSchema,
    }))
}

function read(uri: string): object {
  const listed = resources.find((resource) => resource.uri === uri)
  if (listed !== undefined) {
    const { mimeType } = listed
    const content = mimeType === 'image/png' ? { blob: pixelPng } : { text: `The content of ${uri}.` }
    return { contents: [{ uri, mimeType, ...content }] }
  }
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id === undefined) throw new ProtocolError(-32602, 'Resource not found', { uri })
  const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
  return { contents: [{ uri, mimeType: 'application/json', text }] }
}

function prompt(name: string, given: Record<string, string>, context: ServerContext): object {
  const says = (...content: object[]): object => ({
    messages: content.map((each) => ({ role: 'user', content: each })),
  })
  const text = (said: string): object => ({ type: 'text', text: said })
  switch (name) {
    case 'test_simple_prompt':
      return says(text('This is a simple prompt for testing.'))
    case 'test_prompt_with_arguments':
      return says(text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`))
    case 'test_prompt_with_embedded_resource':
      return says(
        {
          type: 'resource',
          resource: { uri: given.resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        text('Please process the embedded resource above.'),
      )
    case 'test_prompt_with_image':
      return says({ type: 'image', data: pixelPng, mimeType: 'image/png' }, text('Please analyze the image above.'))
    case 'test_input_required_result_prompt': {
      const answers = context.mcpReq.inputResponses as Record<string, { content?: { context?: string } }> | undefined
      const said = answers?.user_context?.content?.context
      if (said !== undefined) return says(text(`In the context of ${said}.`))
      const requestedSchema = { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] }
      const params = { mode: 'form', message: 'What context should the prompt use?', requestedSchema }
      return { resultType: 'input_required', inputRequests: { user_context: { method: 'elicitation/create', params } } }
    }
    default:
      throw new ProtocolError(-32602, `Unknown prompt: ${name}`)
  }
}
