/** Tasks: opened by an agent's key, for one user; the token that comes back opens everything else. */
import type { WireForgetTask, WireForgottenTask, WireOpenedTask, WireOpenTask } from '../../contract/task.ts'
import { AirworthyError } from '../../core/errors.ts'
import { traceContextOf } from '../../core/trace-context.ts'
import type { TaskRecord } from '../../guard/port.ts'
import type { ForgottenTask } from '../../operate/recordings/forget-task.ts'
import { actorOf, type Caller, foreign } from '../caller.ts'
import { type Asked, jsonAnswer } from '../route.ts'

export async function openTask({ server, caller, body, request }: Asked<WireOpenTask, unknown>): Promise<Response> {
  const { kit, baseUrl } = server
  const { principal, input, type, resume_url: resumeUrl } = body
  const trace = traceContextOf(request.headers.get('traceparent'), request.headers.get('tracestate'))
  const { task, token } = await kit.openTask({
    principal,
    ...(input === undefined ? {} : { input }),
    ...(resumeUrl === undefined ? {} : { resumeUrl }),
    ...(type === undefined ? {} : { type }),
    ...(trace === undefined ? {} : { trace }),
    openedBy: (caller as Caller).id,
  })
  const opened: WireOpenedTask = {
    task: task.id,
    token,
    trace_id: task.traceId,
    urls: {
      api: `${baseUrl}/api/v1`,
      mcp: `${baseUrl}/mcp/${encodeURIComponent(kit.agent)}`,
      openai: `${baseUrl}/openai/v1`,
      anthropic: `${baseUrl}/anthropic`,
    },
    mode: kit.mode,
  }
  return jsonAnswer(opened, 201)
}

export async function closeTask({ server, caller, params }: Asked<unknown, unknown>): Promise<Response> {
  const task = await taskFor(server.kit, caller as Caller, params.id as string)
  await server.kit.closeTask(task, (caller as Caller).id)
  return jsonAnswer({ task, closed: true })
}

export async function forgetTask({ server, caller, params, body }: Asked<WireForgetTask, unknown>): Promise<Response> {
  const { kit, stopRecording } = server
  const forgotten = await kit.forgetTask({
    task: params.id as string,
    reason: body.reason,
    actor: actorOf(caller as Caller),
    ...(stopRecording === undefined ? {} : { settle: stopRecording }),
  })
  return jsonAnswer(wireOfForgotten(forgotten))
}

export function wireOfForgotten({ task, bodiesErased, recordingDeleted }: ForgottenTask): WireForgottenTask {
  return { task, bodies_erased: bodiesErased, recording_deleted: recordingDeleted }
}

/**
 * The id of the task that the caller may act for: its own, or, for an agent's key, any of that agent.
 * @throws TASK_UNKNOWN, RequestRefused CREDENTIAL_INVALID (403)
 */
export async function taskFor(kit: Asked<never, never>['server']['kit'], caller: Caller, id: string): Promise<string> {
  if (caller.kind === 'task') {
    if (caller.id !== id) throw foreign('task')
    return id
  }
  const task: TaskRecord | undefined = await kit.store.guard.readTask(id)
  if (task === undefined) {
    throw new AirworthyError({
      code: 'TASK_UNKNOWN',
      message: 'There is no such task.',
      mend: 'Open one with POST /api/v1/tasks.',
    })
  }
  if (task.agent !== kit.agent) throw foreign('task')
  return id
}
