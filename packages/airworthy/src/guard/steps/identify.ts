/** Step 1: agent, release, task and principal of the attempt. The credential was resolved to a task by the door. */
import type { ActionRequest } from '../answer.ts'
import { type Denial, deny, type Guard } from '../guard.ts'
import type { TaskRecord } from '../port.ts'

export type Identified = { readonly kind: 'task'; readonly task: TaskRecord } | Denial

/** @param afterFact  facts up to this number are known already. */
export async function identify(guard: Guard, request: ActionRequest, afterFact: number): Promise<Identified> {
  const task = await guard.ports.store.readTask(request.task, afterFact)
  if (task === undefined) return deny('IDENTITY_INVALID', 'There is no such task.', 'stop', { hard: true })
  if (task.agent !== guard.manifest.agent) {
    return deny('IDENTITY_INVALID', 'The task belongs to another agent.', 'stop', { hard: true })
  }
  // A probe's task is decided with recorders for ways out; through any other door it would reach the real ones.
  if (task.probe && request.door !== 'probe') {
    return deny('IDENTITY_INVALID', 'The task belongs to a probe.', 'stop', { hard: true })
  }
  return { kind: 'task', task }
}

/** A closed task may not act any more; unlike a missing one it can be named in the log. */
export function checkOpen(task: TaskRecord): Denial | undefined {
  if (task.closedMs === undefined) return undefined
  return deny('IDENTITY_INVALID', 'The task is closed.', 'stop', { hard: true })
}
