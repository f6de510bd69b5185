/** The tools that the official conformance suite expects of a server, as one table: what is offered, and what each does. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { MissingRequiredClientCapabilityError, ProtocolError, type ServerContext } from '@modelcontextprotocol/server'

export interface FixtureTool {
  readonly description: string
  readonly inputSchema?: Record<string, unknown>
  /** Offered to clients of the older era alone: it asks the client something in the middle of the call. */
  readonly legacyOnly?: true
  run(given: Record<string, unknown>, context: ServerContext): Promise<object> | object
}

/** A red pixel, and 2 samples of silence. */
export const pixelPng =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
const silenceWav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

const text = (said: string): object => ({ content: [{ type: 'text', text: said }] })
const resource = (uri: string, mimeType: string, said: string): object => ({
  type: 'resource',
  resource: { uri, mimeType, text: said },
})
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const form = (message: string, properties: object, required: readonly string[] = []): object => ({
  message,
  requestedSchema: { type: 'object', properties, required: [...required] },
})
const elicit = (message: string, properties: object, required: readonly string[]): object => ({
  method: 'elicitation/create',
  params: { mode: 'form', ...form(message, properties, required) },
})
const sample = (question: string, maxTokens: number): object => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens },
})
const askName = elicit('What is your name?', { name: { type: 'string' } }, ['name'])
const askRoots = { method: 'roots/list', params: {} }

const stateKey = 'key of the conformance fixture'
/** What a server leaves with its client: readable, and not to be changed. */
const sealed = (word: string): string => `${word}.${createHmac('sha256', stateKey).update(word).digest('hex')}`

function wordOf(context: ServerContext): string | undefined {
  const state = context.mcpReq.requestState() as string | undefined
  if (state === undefined) return undefined
  const word = state.split('.')[0] ?? ''
  const good = Buffer.from(sealed(word))
  const given = Buffer.from(state)
  if (given.byteLength !== good.byteLength || !timingSafeEqual(given, good))
    throw new ProtocolError(-32602, 'The requestState was changed.')
  return word
}

const asks = (inputRequests: object, state?: string): object => ({
  resultType: 'input_required',
  inputRequests,
  ...(state === undefined ? {} : { requestState: sealed(state) }),
})

type Responses = Record<string, Record<string, unknown>>
const responsesOf = (context: ServerContext): Responses => (context.mcpReq.inputResponses ?? {}) as Responses

/** Asks until every question has an answer of the right form, then answers. */
function untilAnswered(
  questions: Record<string, object>,
  finish: (responses: Responses) => object,
  state?: string,
): FixtureTool['run'] {
  return (_given, context) => {
    const word = wordOf(context)
    const responses = responsesOf(context)
    const isDone = Object.entries(questions).every(([key, question]) => isAnswer(question, responses[key]))
    return isDone && (state === undefined || word === state) ? finish(responses) : asks(questions, state)
  }
}

function isAnswer(question: object, response: Record<string, unknown> | undefined): boolean {
  if (typeof response !== 'object' || response === null) return false
  switch ((question as { method: string }).method) {
    case 'elicitation/create':
      return response.action === 'accept' && typeof response.content === 'object' && response.content !== null
    case 'sampling/createMessage':
      return typeof response.content === 'object' && response.content !== null
    default:
      return Array.isArray(response.roots)
  }
}

async function asked(ask: () => Promise<unknown>, said: (answer: never) => string): Promise<object> {
  try {
    return text(said((await ask()) as never))
  } catch (error) {
    return { ...text((error as Error).message), isError: true }
  }
}

type Elicited = { action: string; content?: unknown }
const elicited =
  (word: string, message: string, properties: object): FixtureTool['run'] =>
  (_given, context) =>
    asked(
      () => context.mcpReq.elicitInput(form(message, properties) as never),
      ({ action, content }: Elicited) => `${word}: action=${action}, content=${JSON.stringify(content ?? {})}`,
    )

const titled = (...entries: [string, string][]): object[] => entries.map(([value, title]) => ({ const: value, title }))

export const fixtureTools: Readonly<Record<string, FixtureTool>> = {
  test_simple_text: {
    description: 'Answers in text.',
    run: () => text('This is a simple text response for testing.'),
  },
  test_image_content: {
    description: 'Answers with an image.',
    run: () => ({ content: [{ type: 'image', data: pixelPng, mimeType: 'image/png' }] }),
  },
  test_audio_content: {
    description: 'Answers with sound.',
    run: () => ({ content: [{ type: 'audio', data: silenceWav, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'Answers with a resource.',
    run: () => ({
      content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
  },
  test_multiple_content_types: {
    description: 'Answers with text, image and resource.',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: pixelPng, mimeType: 'image/png' },
        resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  },
  test_tool_with_logging: {
    description: 'Logs three lines on its way.',
    async run(_given, context) {
      for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await context.mcpReq.log('info', line)
        await pause(50)
      }
      return text('It has logged.')
    },
  },
  test_error_handling: {
    description: 'Fails.',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_progress: {
    description: 'Reports progress.',
    async run(_given, context) {
      const progressToken = context.mcpReq._meta?.progressToken
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await context.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 100 },
          })
        }
        await pause(50)
      }
      return text('It is done.')
    },
  },
  test_sampling: {
    description: 'Asks the client’s model.',
    legacyOnly: true,
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    run: (given, context) =>
      asked(
        () =>
          context.mcpReq.requestSampling({
            messages: [{ role: 'user', content: { type: 'text', text: String(given.prompt) } }],
            maxTokens: 100,
          }),
        ({ content }: { content: { text: string } }) => `LLM response: ${content.text}`,
      ),
  },
  test_elicitation: {
    description: 'Asks the client’s user.',
    legacyOnly: true,
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: (given, context) =>
      elicited('User response', String(given.message), {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      })(given, context),
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks with defaults.',
    legacyOnly: true,
    run: elicited('Elicitation completed', 'Look through the defaults.', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  },
  test_elicitation_sep1330_enums: {
    description: 'Asks for choices.',
    legacyOnly: true,
    run: elicited('Elicitation completed', 'Choose.', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: {
        type: 'string',
        oneOf: titled(['value1', 'First Option'], ['value2', 'Second Option'], ['value3', 'Third Option']),
      },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: {
        type: 'array',
        items: { anyOf: titled(['value1', 'First Choice'], ['value2', 'Second Choice'], ['value3', 'Third Choice']) },
      },
    }),
  },
  test_input_required_result_elicitation: {
    description: 'Asks for a name, then greets.',
    run: untilAnswered({ user_name: askName }, ({ user_name: answer = {} }) =>
      text(`Hello, ${String((answer.content as { name?: unknown }).name)}!`),
    ),
  },
  test_input_required_result_sampling: {
    description: 'Asks the client’s model, then repeats.',
    run: untilAnswered(
      { capital_question: sample('What is the capital of France?', 100) },
      ({ capital_question: answer = {} }) => text(`It said: ${String((answer.content as { text?: unknown }).text)}`),
    ),
  },
  test_input_required_result_list_roots: {
    description: 'Asks for the client’s roots.',
    run: untilAnswered({ client_roots: askRoots }, ({ client_roots: answer = {} }) =>
      text((answer.roots as { uri: string }[]).map(({ uri }) => uri).join(' ')),
    ),
  },
  test_input_required_result_request_state: {
    description: 'Asks, and leaves a state with the client.',
    run: untilAnswered(
      { confirm: elicit('Please confirm', { ok: { type: 'boolean' } }, ['ok']) },
      () => text('state-ok'),
      'confirming',
    ),
  },
  test_input_required_result_multiple_inputs: {
    description: 'Asks three things at once.',
    run: untilAnswered(
      { user_name: askName, greeting: sample('Generate a greeting', 50), client_roots: askRoots },
      () => text('All three came.'),
      'three',
    ),
  },
  test_input_required_result_multi_round: {
    description: 'Asks twice, one after the other.',
    run(_given, context) {
      const word = wordOf(context)
      const { step1, step2 } = responsesOf(context)
      if (word === 'second' && step2 !== undefined) return text('Both came.')
      if (word === 'first' && step1 !== undefined) {
        const question = elicit('Step 2: What is your favorite color?', { color: { type: 'string' } }, ['color'])
        return asks({ step2: question }, 'second')
      }
      return asks({ step1: elicit('Step 1: What is your name?', { name: { type: 'string' } }, ['name']) }, 'first')
    },
  },
  test_input_required_result_tampered_state: {
    description: 'Refuses a state that was changed.',
    run: untilAnswered(
      { confirm: elicit('Please confirm', { ok: { type: 'boolean' } }, ['ok']) },
      () => text('The state was as it left.'),
      'whole',
    ),
  },
  test_input_required_result_capabilities: {
    description: 'Asks only what the client can answer.',
    run(_given, context) {
      const can = capabilitiesOf(context)
      const questions = {
        ...(can.elicitation === undefined ? {} : { user_name: askName }),
        ...(can.sampling === undefined ? {} : { greeting: sample('Generate a greeting', 50) }),
        ...(can.roots === undefined ? {} : { client_roots: askRoots }),
      }
      return Object.keys(questions).length === 0 || Object.keys(responsesOf(context)).length > 0
        ? text('There is nothing to ask.')
        : asks(questions)
    },
  },
  show_contact: {
    description: 'Answers with somebody’s address.',
    run: () => text('Reach Ana at ana@example.com.'),
  },
  test_missing_capability: {
    description: 'Works only for clients with a model.',
    run(_given, context) {
      if (capabilitiesOf(context).sampling === undefined)
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } })
      return text('The client has a model.')
    },
  },
  test_streaming_elicitation: {
    description: 'Reports progress, then asks.',
    async run(_given, context) {
      await pause(20)
      return Object.keys(responsesOf(context)).length > 0 ? text('Answered.') : asks({ user_name: askName })
    },
  },
  test_logging_tool: {
    description: 'Logs one line, where the request allows it.',
    async run(_given, context) {
      await context.mcpReq.log('info', 'one line')
      return text('It has logged.')
    },
  },
  test_custom_headers: {
    description: 'An argument of it travels in a header as well.',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, query: { type: 'string' } },
      required: ['region'],
    },
    run: (given) => text(`in ${String(given.region)}`),
  },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: (given) => text(JSON.stringify(given)),
  },
}

function capabilitiesOf(context: ServerContext): Record<string, unknown> {
  const envelope = context.mcpReq.envelope as Record<string, unknown> | undefined
  return (envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {}) as Record<string, unknown>
}
