/**
 * Answers of the caller on their way to a tool that asked for them. They are no arguments, so no policy sees them and no approval binds
 * them. Hence an action that a person approved relays none, data in them that the tool may not receive stops them, and the log says that they went.
 */
import type { DataClass } from '../../core/action.ts'
import { argumentsBytesMax, type JsonObject, jsonFault } from '../../core/json.ts'
import { labelsOf } from '../../data/labels.ts'
import { resolvePseudonyms } from '../../data/pseudonyms.ts'
import type { Guard, Passage } from '../guard.ts'
import type { InputRound } from '../input-round.ts'
import { checkExport } from './check-export.ts'

export type RelayedInput =
  | { readonly kind: 'relay'; readonly round: InputRound | undefined }
  /** One sentence; nothing of the answers stands in it. */
  | { readonly kind: 'refused'; readonly why: string }

/** What of a round may go to the tool. Never throws. */
export async function relayInput(guard: Guard, passage: Passage, round: InputRound): Promise<RelayedInput> {
  const { resumed, tool } = passage
  if (resumed !== undefined) return { kind: 'relay', round: undefined }
  if (round.responses === undefined) return { kind: 'relay', round }
  const unfit = jsonFault(round.responses)
  if (unfit !== undefined) return { kind: 'refused', why: `the answers are refused: ${unfit}` }
  // What stands for a person is sent as that person, as in arguments; what is then sent is what is checked.
  const responses = resolvePseudonyms(round.responses, passage.state.pseudonyms) as JsonObject
  if (Buffer.byteLength(JSON.stringify(responses)) > argumentsBytesMax)
    return { kind: 'refused', why: `the answers are longer than ${argumentsBytesMax} bytes` }
  const { classes } = labelsOf(responses, guard.manifest.data)
  if (guard.mode === 'enforce' && checkExport(guard, tool, responses, classes).kind !== 'clear')
    return { kind: 'refused', why: `the answers carry ${classes.join(', ')} data, which this tool may not receive` }
  try {
    await record(guard, passage, responses, classes)
  } catch (error) {
    guard.onFault?.(error)
    return { kind: 'refused', why: 'it could not be logged that the answers go there' }
  }
  return { kind: 'relay', round: { ...round, responses } }
}

function record(guard: Guard, passage: Passage, responses: JsonObject, labels: readonly DataClass[]): Promise<void> {
  const { request, tool, task, actionId } = passage
  return guard.ports.store.learn({
    task: task.id,
    facts: [],
    entry: {
      id: guard.ports.newId('ent'),
      timeMs: guard.ports.clock(),
      kind: 'input-relayed',
      actor: { kind: 'agent', id: task.agent, verifiedBy: 'task_token' },
      principal: { id: task.principal.id, verifiedBy: task.principal.verifiedBy },
      agent: task.agent,
      release: task.release,
      environment: task.environment,
      mode: guard.mode,
      door: request.door,
      action: tool.name,
      object: actionId,
      effect: tool.effect,
      task: task.id,
      traceId: task.traceId,
      labels,
      details: { answers: Object.keys(responses).length },
    },
  })
}
