/** Step 3: the release may run here, the tool is known and its definition is the pinned one; retrieval filters are set. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { type Denial, deny, type Guard } from '../guard.ts'
import type { TaskRecord } from '../port.ts'

export type ReleaseChecked = { readonly kind: 'tool'; readonly tool: EffectiveTool } | Denial

export async function checkRelease(guard: Guard, task: TaskRecord, toolName: string): Promise<ReleaseChecked> {
  if (guard.notReady !== undefined) return deny('RELEASE_NOT_READY', guard.notReady, 'stop')
  if (task.release !== guard.release) {
    return deny('RELEASE_DRIFT', 'The task began on another release; start a new task.', 'stop', { hard: true })
  }
  const tool = guard.tools.get(toolName)
  if (tool === undefined) return deny('TOOL_UNKNOWN', 'The manifest lists no such tool.', 'stop', { hard: true })
  if (tool.server !== undefined) {
    const offered = await guard.ports.upstream.offeredDigest(tool.server, tool.upstreamName)
    if (offered.kind === 'unreachable') {
      return deny(
        'CHECK_UNAVAILABLE',
        `The server ${tool.server} cannot be asked for its tools: ${offered.why}`,
        'wait',
      )
    }
    if (offered.kind === 'missing')
      return deny('TOOL_CHANGED', `The server ${tool.server} no longer offers this tool.`, 'stop')
    if (offered.definitionDigest !== tool.definitionDigest) {
      return deny(
        'TOOL_CHANGED',
        `The server ${tool.server} offers another definition than the locked one; run \`airworthy lock\`.`,
        'stop',
      )
    }
  }
  return { kind: 'tool', tool }
}

export type FiltersSet = { readonly kind: 'arguments'; readonly arguments: JsonObject } | Denial

/** Sets the access-control argument of a retrieval from the principal; whatever the agent sent there is replaced. */
export function setRetrievalFilters(
  guard: Pick<Guard, 'manifest'>,
  task: Pick<TaskRecord, 'principal'>,
  tool: EffectiveTool,
  args: JsonObject,
): FiltersSet {
  const acl = guard.manifest.retrieval[tool.name]?.acl
  if (acl === undefined) return { kind: 'arguments', arguments: args }
  const value = principalValue(task, acl.from)
  if (value === undefined) {
    return deny('IDENTITY_INVALID', `The principal has no ${acl.from}, which filters this retrieval.`, 'stop')
  }
  return { kind: 'arguments', arguments: { ...args, [acl.argument]: value } }
}

/** What the principal carries under a filter's `from`. */
export function principalValue(task: Pick<TaskRecord, 'principal'>, from: string): JsonValue | undefined {
  if (from === 'principal.id') return task.principal.id
  const attribute = from.startsWith('principal.') ? from.slice('principal.'.length) : undefined
  if (attribute === undefined || !Object.hasOwn(task.principal.attributes, attribute)) return undefined
  return task.principal.attributes[attribute]
}
