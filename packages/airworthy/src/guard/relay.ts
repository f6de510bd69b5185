/**
 * What is relayed and is no tool call: resources, prompts, methods that `pass:` names. It changes nothing that a policy speaks of,
 * so steps 4 to 11 do not apply; but what it brings, an error too, is read by the model like a tool's result, so a stopped agent and a
 * task that is closed, on another release, or ended by a budget get nothing, the content is redacted, its values are remembered as
 * untrusted, and the log says that it was read. And what it takes out (an address, a prompt's arguments, answers) holds no data that
 * every tool of this server would be refused with.
 */
import type { DataClass } from '../core/action.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { EffectiveTool } from '../core/manifest/effective.ts'
import { labelsOf } from '../data/labels.ts'
import { type Denial, deny, type Guard } from './guard.ts'
import type { TaskRecord } from './port.ts'
import { checkBudget } from './steps/check-budget.ts'
import { killedDenial } from './steps/check-halt.ts'
import { labelResult } from './steps/label-result.ts'
import { taskStateOf } from './task-state.ts'

export interface RelayedRequest {
  /** Absent for lists, which are asked without a task. */
  readonly task?: TaskRecord
  readonly server: string
  readonly method: string
  readonly params: JsonObject
}

/** Why nothing is relayed; undefined: go on. Throws what the store throws. */
export async function checkRelay(guard: Guard, request: RelayedRequest): Promise<Denial | undefined> {
  const { task, server, params } = request
  const kills = await guard.ports.store.readKills(guard.manifest.agent)
  const kill = kills.find(({ tool }) => tool === '*')
  if (kill !== undefined) return killedDenial(kill)
  if (task === undefined || guard.mode === 'observe') return undefined
  const now = await guard.ports.store.readTask(task.id)
  if (now === undefined || now.closedMs !== undefined) return deny('IDENTITY_INVALID', 'The task is closed.', 'stop')
  if (now.release !== guard.release)
    return deny('RELEASE_DRIFT', 'The task began on another release; start a new task.', 'stop')
  // Not counted, and nothing is spent; but a task that a budget or the deadline has ended reads no more.
  const ended = checkBudget(guard, now, undefined, guard.ports.clock(), false)
  if (ended !== undefined) return ended
  const withheld = labelsOf(params, guard.manifest.data).classes.filter((one) => !mayReceive(guard, server, one))
  if (withheld.length === 0) return undefined
  const message = `The request carries ${withheld.join(', ')} data, which the server ${server} may not receive.`
  return deny('DATA_BLOCKED', message, 'stop')
}

/** As for a tool's arguments: the class may leave, or the server has an internal tool that declares it. */
function mayReceive({ manifest }: Guard, server: string, dataClass: DataClass): boolean {
  return (
    manifest.data[dataClass].beforeExport === 'allow' ||
    manifest.tools.some(
      ({ server: of, reach, data }) => of === server && reach === 'internal' && data.in.includes(dataClass),
    )
  )
}

/** What the model may see of it. Personal data is redacted, never given a pseudonym: nothing here is sent back through the guard. */
export async function receiveRelayed(guard: Guard, request: RelayedRequest, result: JsonObject): Promise<JsonObject> {
  const { task, server, method } = request
  if (task === undefined) return result
  const { store, clock, newId } = guard.ports
  const source: Pick<EffectiveTool, 'name' | 'data'> = {
    name: `${server}:${method}`,
    data: { in: [], out: [], trusted: false, declared: false },
  }
  const { shown, facts } = labelResult(guard, taskStateOf([]), source, result, 'no-pseudonyms')
  await store.learn({
    task: task.id,
    facts,
    entry: {
      id: newId('ent'),
      timeMs: clock(),
      kind: 'resource-relayed',
      actor: { kind: 'agent', id: task.agent, verifiedBy: 'task_token' },
      principal: { id: task.principal.id, verifiedBy: task.principal.verifiedBy },
      agent: task.agent,
      release: task.release,
      environment: task.environment,
      mode: guard.mode,
      door: 'mcp',
      action: method.slice(0, 200),
      object: server,
      effect: 'read',
      task: task.id,
      traceId: task.traceId,
    },
  })
  return shown
}

/** The same of a server's own error, whose words and data are content like any other. */
export async function receiveRelayedError(
  guard: Guard,
  request: RelayedRequest,
  { message, data }: RelayedError,
): Promise<RelayedError> {
  const shown = await receiveRelayed(guard, request, { message, ...(data === undefined ? {} : { data }) })
  return {
    message: typeof shown.message === 'string' ? shown.message : '',
    ...(shown.data === undefined ? {} : { data: shown.data }),
  }
}

interface RelayedError {
  readonly message: string
  readonly data?: JsonValue
}
