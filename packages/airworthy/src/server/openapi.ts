/** The OpenAPI 3.1 document, made from the route list and the schemas that requests are checked with. */
import { z } from 'zod'
import { problemSchema } from '../contract/problem.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { version } from '../core/version.ts'
import type { Route } from './route.ts'

export function openApiDocument(routes: readonly Route[], baseUrl: string): JsonObject {
  const paths: Record<string, Record<string, JsonValue>> = {}
  for (const route of routes) {
    const path = route.path.replace('*', '{path}')
    paths[path] ??= {}
    ;(paths[path] as Record<string, JsonValue>)[route.method.toLowerCase()] = operationOf(route, path)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Airworthy', version, description: 'Go or no-go for AI agents that act. See docs/api.md.' },
    servers: [{ url: baseUrl }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key of the kit, or the token of a task.' },
        task: { type: 'apiKey', in: 'header', name: 'Airworthy-Task', description: 'The token of a task.' },
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
  }
}

function operationOf(route: Route, path: string): JsonObject {
  const { credentials, query, body, answer } = route
  const { status = 200, schema, mediaType = 'application/json' } = answer
  const isTask = credentials !== 'open' && credentials.includes('task')
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return {
    summary: route.summary,
    security: credentials === 'open' ? [] : [{ key: [] }, ...(isTask ? [{ task: [] }] : [])],
    'x-airworthy-credentials': credentials,
    parameters: [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      [String(status)]: {
        description: route.summary,
        content: { [mediaType]: schema === undefined ? {} : { schema: schemaOf(schema, 'output') } },
      },
      default: { description: 'An error', content: problem },
    },
  }
}

function pathParameters(path: string): JsonValue[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name as string,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodType): JsonValue[] {
  const { properties = {} } = schemaOf(query, 'input') as { properties?: JsonObject }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
  return described as JsonObject
}
