/** What the server really answers has the form that the contract says, with no field more; and the OpenAPI document is sound. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { actionAnswer } from '../../src/contract/action.ts'
import { approval, approvalList, shownApproval } from '../../src/contract/approval.ts'
import { verdict } from '../../src/contract/check.ts'
import { createdKey, keyList } from '../../src/contract/key.ts'
import { killList, killReport } from '../../src/contract/kill.ts'
import { problemSchema } from '../../src/contract/problem.ts'
import { health, permitKeys, readiness, status } from '../../src/contract/status.ts'
import { closedTask, openedTask } from '../../src/contract/task.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/core/json.ts'
import { routes } from '../../src/server/routes.ts'
import { type Sent, startServing, type TestServing } from './serving.ts'

let serving: TestServing
beforeAll(async () => {
  serving = await startServing()
})
afterAll(() => serving.stop())

async function fits(schema: z.ZodType, method: string, path: string, sent: Sent): Promise<JsonObject> {
  const { json } = await serving.call(method, path, sent)
  expect(schema.parse(json)).toEqual(json)
  return json
}

it('every answer has the form of the contract, and no field more', async () => {
  const { agent, operator, person } = serving.keys
  const opened = await fits(openedTask, 'POST', '/api/v1/tasks', {
    key: agent,
    json: { principal: { id: 'ana', attributes: { role: 'support', tenant: 'acme' } } },
  })
  const key = String(opened.token)
  const actions = `/api/v1/tasks/${opened.task}/actions`
  const act = (tool: string, args: object): Promise<JsonObject> =>
    fits(actionAnswer, 'POST', actions, { key, json: { tool, arguments: args } })
  await act('stamp', { to: 'x' })
  await act('add_note', { text: 'x', stars: 9 })
  const own = await act('add_note', { text: 'x' })
  await fits(actionAnswer, 'POST', `/api/v1/actions/${own.action}/outcome`, { key, json: { state: 'failed' } })
  const held = await act('send_letter', { to: 'x' })
  const id = String((held.approval as JsonObject).id)
  await fits(actionAnswer, 'GET', `/api/v1/actions/${held.action}`, { key })
  await fits(approvalList, 'GET', '/api/v1/approvals', { key: person })
  await fits(shownApproval, 'GET', `/api/v1/approvals/${id}`, { key: person })
  await fits(approval, 'POST', `/api/v1/approvals/${id}/decision`, { key: person, json: { decision: 'rejected' } })
  await fits(killReport, 'POST', '/api/v1/kills', { key: operator, json: { reason: 'x' } })
  await fits(killList, 'GET', '/api/v1/kills', { key: operator })
  await fits(status, 'GET', '/api/v1/status', { key: operator })
  await serving.call('POST', '/api/v1/kills/lift', { key: operator, json: { reason: 'x' } })
  await fits(createdKey, 'POST', '/api/v1/keys', { key: operator, json: { kind: 'person', name: 'pia' } })
  await fits(keyList, 'GET', '/api/v1/keys', { key: operator })
  await fits(permitKeys, 'GET', '/api/v1/permit-key', { key })
  await fits(readiness, 'GET', '/readyz', { key: operator })
  await fits(health, 'GET', '/healthz', {})
  await fits(closedTask, 'POST', `/api/v1/tasks/${opened.task}/close`, { key, json: {} })
  await fits(problemSchema, 'POST', '/api/v1/tasks', { key: agent, json: { principal: 7, more: 1 } })
})

it('the verdict comes as it is', async () => {
  const sent = { key: serving.keys.operator, json: {} }
  const judged = await fits(verdict, 'POST', '/api/v1/check', sent)
  expect(judged).toMatchObject({ environment: 'dev', verdict: 'NO-GO' })
  expect(judged.controls).toHaveLength(31)
  const elsewhere = await serving.call('POST', '/api/v1/check', { ...sent, json: { environment: 'production' } })
  expect([elsewhere.status, elsewhere.json.code]).toEqual([409, 'REQUEST_INVALID'])
})

it('the OpenAPI document describes every route, each schema compiles, each reference leads somewhere', async () => {
  const { json: document } = await serving.call('GET', '/api/openapi.json', { key: serving.keys.agent })
  expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: serving.url }] })
  const paths = document.paths as unknown as Record<string, Record<string, JsonObject>>
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path.replace('*', '{path}')}`).sort())

  const ajv = new Ajv2020({ strict: false, formats: { uri: true } })
  let compiled = 0
  walk(document, (value) => {
    if (typeof value.$ref === 'string') {
      const found = value.$ref
        .slice(2)
        .split('/')
        .reduce<JsonValue | undefined>((at, name) => (isJsonObject(at) ? at[name] : undefined), document)
      expect([value.$ref, isJsonObject(found)]).toEqual([value.$ref, true])
    } else if (isJsonObject(value.schema) && !Object.hasOwn(value.schema, '$ref')) {
      ajv.compile({ ...value.schema })
      compiled += 1
    }
  })
  expect(compiled).toBeGreaterThan(30)
  expect(
    ajv.compile({ ...(document.components as never as Record<string, Record<string, JsonObject>>).schemas?.Problem }),
  ).toBeTypeOf('function')

  const { security, parameters, requestBody } = paths['/api/v1/tasks/{id}/actions']?.post ?? {}
  expect(security).toEqual([{ key: [] }, { task: [] }])
  expect(parameters).toMatchObject([{ name: 'id', in: 'path', required: true }])
  expect(requestBody).toMatchObject({
    content: { 'application/json': { schema: { required: ['tool'], additionalProperties: false } } },
  })
})

function walk(value: JsonValue, visit: (object: JsonObject) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit)
  if (!isJsonObject(value)) return
  visit(value)
  for (const member of Object.values(value)) walk(member, visit)
}
