/** The way to a kit over HTTP. */
import type { WireAnswer } from '../contract/action.ts'
import type { WireEscalation } from '../contract/escalation.ts'
import type { WireStatus } from '../contract/status.ts'
import type { WireOpenedTask } from '../contract/task.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { answerOfWire } from './answer.ts'
import { type Http, http } from './http.ts'
import { createTask, type Escalation, type Task, type TaskDoor } from './task.ts'

export interface ConnectOptions {
  /** Of the kit, such as `http://127.0.0.1:4747`. */
  readonly url: string
  /** An agent's key (`awa_...`). */
  readonly key: string
  /** In place of the global one. */
  readonly fetch?: typeof fetch
  /** For one request, in milliseconds; a tool's own time is part of it. 120 s unless told. */
  readonly timeoutMs?: number
}

export interface Client {
  /** Opens a task. @throws PRINCIPAL_INVALID, RELEASE_NOT_READY, CREDENTIAL_INVALID, KIT_UNREACHABLE */
  task(options: TaskOptions): Promise<RemoteTask>
  /** Agent, release, mode. In observe mode `enforced` is false and `notice` says so. */
  status(): Promise<WireStatus>
}

export interface TaskOptions {
  /** A signed token of the user (JWT), or, where the manifest says so, who the agent says it is. */
  readonly principal: string | { readonly id: string; readonly attributes?: JsonObject }
  /** What the user asked for. */
  readonly input?: JsonValue
  /** Told, with ids only, when a held action was decided. */
  readonly resumeUrl?: string
  /** What kind of work it is, at most 64 characters: metrics are told apart by it. */
  readonly type?: string
  /** W3C trace context to continue. */
  readonly traceparent?: string
  readonly tracestate?: string
}

export interface RemoteTask extends Task {
  readonly token: string
  readonly mcpUrl: string
}

/**
 * A client for an agent's key. It makes no request by itself. @throws CREDENTIAL_INVALID without a key, KIT_UNREACHABLE without an address
 * @example const task = await connect({ url, key }).task({ principal: { id: 'ana' }, input: 'refund order 7' })
 */
export function connect(options: ConnectOptions): Client {
  const asAgent = http(options, options.key)
  return {
    async task({ principal, input, type, resumeUrl, traceparent, tracestate }) {
      const opened = await asAgent<WireOpenedTask>({
        method: 'POST',
        path: '/api/v1/tasks',
        body: {
          principal,
          ...(input === undefined ? {} : { input }),
          ...(type === undefined ? {} : { type }),
          ...(resumeUrl === undefined ? {} : { resume_url: resumeUrl }),
        },
        ...(traceparent === undefined
          ? {}
          : { headers: { traceparent, ...(tracestate === undefined ? {} : { tracestate }) } }),
      })
      const { task: id, token, trace_id: traceId, urls } = opened
      return taskOver(http(options, token), { id, token, traceId, mcpUrl: urls.mcp })
    },
    status: () => asAgent<WireStatus>({ method: 'GET', path: '/api/v1/status', repeatable: true }),
  }
}

/** A task that somebody else opened, from its id and token, as a worker receives them. It makes no request. */
export function resumeTask(
  options: Omit<ConnectOptions, 'key'> & {
    readonly id: string
    readonly token: string
    readonly mcpUrl: string
    readonly traceId?: string
  },
): RemoteTask {
  const { id, token, mcpUrl, traceId = '' } = options
  return taskOver(http(options, token), { id, token, mcpUrl, traceId })
}

type About = Pick<RemoteTask, 'id' | 'token' | 'traceId' | 'mcpUrl'>

function taskOver(ask: Http, about: About): RemoteTask {
  return { ...createTask(doorOver(ask, about.id), about), token: about.token, mcpUrl: about.mcpUrl }
}

/** One poll stays well below the time-outs of proxies on the way; the kit's own bound is 60 s. */
const pollMsMax = 25_000

function doorOver(ask: Http, task: string): TaskDoor {
  return {
    async act({ tool, arguments: args, idempotencyKey, signal }) {
      const answer = await ask<WireAnswer>({
        method: 'POST',
        path: `/api/v1/tasks/${encodeURIComponent(task)}/actions`,
        body: { tool, arguments: args, ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }) },
        repeatable: idempotencyKey !== undefined,
        ...(signal === undefined ? {} : { signal }),
      })
      return answerOfWire(answer)
    },
    async poll(action, waitMs, signal) {
      const wait = Math.round(Math.min(waitMs, pollMsMax))
      const answer = await ask<WireAnswer>({
        method: 'GET',
        path: `/api/v1/actions/${encodeURIComponent(action)}?wait=${wait}`,
        ...(signal === undefined ? {} : { signal }),
      })
      return answerOfWire(answer)
    },
    async report(action, outcome) {
      const path = `/api/v1/actions/${encodeURIComponent(action)}/outcome`
      const answer = await ask<WireAnswer>({ method: 'POST', path, body: outcome })
      return answerOfWire(answer)
    },
    async escalate(reason) {
      const path = `/api/v1/tasks/${encodeURIComponent(task)}/escalations`
      return escalationOfWire(await ask<WireEscalation>({ method: 'POST', path, body: { reason } }))
    },
    async escalation(id, waitMs, signal) {
      const wait = Math.round(Math.min(waitMs, pollMsMax))
      const path = `/api/v1/tasks/${encodeURIComponent(task)}/escalations/${encodeURIComponent(id)}?wait=${wait}`
      const wire = await ask<WireEscalation>({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) })
      return escalationOfWire(wire)
    },
    async close(said = {}) {
      await ask({ method: 'POST', path: `/api/v1/tasks/${encodeURIComponent(task)}/close`, body: said })
    },
  }
}

function escalationOfWire({ id, state, reason, due_ms: dueMs, answer }: WireEscalation): Escalation {
  return { id, state, reason, dueMs, ...(answer === undefined ? {} : { answer }) }
}
