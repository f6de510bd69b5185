/** Finds the task of a request: a token in `_meta`, in the header `Airworthy-Task`, or as the bearer itself. */
import type { JsonObject } from '../../core/json.ts'
import type { TaskRecord } from '../../guard/port.ts'
import { taskTokenPrefix } from '../../operate/tasks/open-task.ts'
import { mismatch } from './classify.ts'
import type { Door } from './door.ts'
import type { GatewayKit } from './gateway-kit.ts'
import { refusal, rpcCodes } from './json-rpc.ts'

const howToGetOne =
  'Get one from POST /api/v1/tasks with the agent key, and send it as bearer, as header Airworthy-Task, or in _meta "airworthy/task".'

/**
 * The task, or undefined when the request names none (an agent's key as bearer is no task).
 * @throws RpcError MCP_HEADER_MISMATCH when two places name different tasks; MCP_TASK_INVALID when a named one is not live here.
 */
export async function findTask(
  kit: GatewayKit,
  door: Door,
  headers: Headers,
  meta: JsonObject,
): Promise<TaskRecord | undefined> {
  const inMeta = meta['airworthy/task']
  const inHeader = headers.get('airworthy-task')
  if (inMeta !== undefined && inHeader !== null && inMeta !== inHeader)
    throw mismatch('airworthy-task', '_meta names another task')
  if (inMeta !== undefined && typeof inMeta !== 'string') throw invalid()
  const named = inMeta ?? inHeader ?? undefined
  const bearer = bearerOf(headers)
  const [ofNamed, ofBearer] = await Promise.all([
    named === undefined ? undefined : kit.taskOfToken(named),
    bearer === undefined || bearer === named || !bearer.startsWith(taskTokenPrefix)
      ? undefined
      : kit.taskOfToken(bearer),
  ])
  if (named !== undefined && ofNamed === undefined) throw invalid()
  if (ofNamed !== undefined && ofBearer !== undefined && ofNamed.id !== ofBearer.id) {
    throw mismatch('authorization', 'the bearer is the token of another task')
  }
  const task = ofNamed ?? ofBearer
  if (task !== undefined && task.agent !== door.agentName) throw invalid()
  return task
}

/** @throws RpcError MCP_TASK_REQUIRED, and as `findTask` */
export async function requireTask(
  kit: GatewayKit,
  door: Door,
  headers: Headers,
  meta: JsonObject,
): Promise<TaskRecord> {
  const task = await findTask(kit, door, headers, meta)
  if (task !== undefined) return task
  throw refusal(rpcCodes.taskRequired, 'MCP_TASK_REQUIRED', 'This request needs the token of a task.', howToGetOne)
}

export function bearerOf(headers: Headers): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

function invalid(): Error {
  return refusal(
    rpcCodes.taskRequired,
    'MCP_TASK_INVALID',
    'The task token is unknown, ended, or of another agent.',
    howToGetOne,
  )
}
