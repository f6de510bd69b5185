/** The simulated model over HTTP, in the form of the OpenAI API: models and chat completions, whole or streamed. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { complete } from './complete.ts'
import { streamOf } from './stream.ts'
import { chatRequest } from './wire.ts'

/** `mini` answers alike; it exists so that a change of model can be seen. */
export const modelIds: readonly string[] = ['sim-support-1', 'sim-support-mini']
export const banner =
  'Simulated model: no language model is running here. Answers come from rules of grammar and a seed.'

const bodyBytesMax = 8 * 1024 * 1024

export function createModel(seed: number): Hono {
  const app = new Hono()
  app.use('*', async (context, next) => {
    await next()
    context.header('X-Simulated-Model', 'true')
  })
  app.get('/', (context) => context.text(banner))
  app.get('/v1/models', (context) =>
    context.json({
      object: 'list',
      data: modelIds.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulation' })),
    }),
  )
  app.post('/v1/chat/completions', bodyLimit({ maxSize: bodyBytesMax }), async (context) => {
    const request = chatRequest.safeParse(await context.req.json().catch(() => undefined))
    if (!request.success) {
      const [issue] = request.error.issues
      return context.json(
        problem(`The request is not a chat completion: ${issue?.path.join('.')} ${issue?.message}.`),
        400,
      )
    }
    if (!modelIds.includes(request.data.model)) {
      return context.json(
        problem(`There is no model ${JSON.stringify(request.data.model)} here; there are ${modelIds.join(', ')}.`),
        404,
      )
    }
    const completion = complete(request.data, seed)
    if (request.data.stream !== true) return context.json(completion)
    const usage = request.data.stream_options?.include_usage === true
    return context.body(streamOf(completion, usage), 200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    })
  })
  app.notFound((context) => context.json(problem('There is nothing at this address.'), 404))
  return app
}

function problem(message: string): object {
  return { error: { message, type: 'invalid_request_error', param: null, code: null } }
}
