/** Opening a task: one principal, one release, one token. */
import { randomBytes } from 'node:crypto'
import type { EntryDraft } from '../../audit/seal-entry.ts'
import { AirworthyError } from '../../core/errors.ts'
import { sha256Hex } from '../../core/hash.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Principal } from '../../core/principal.ts'
import { fingerprintsOf } from '../../data/provenance.ts'
import type { Guard } from '../../guard/guard.ts'
import type { FactBody, TaskRecord } from '../../guard/port.ts'
import type { TaskStore } from './port.ts'

export interface OpenTask {
  readonly principal: Principal
  /** What the user asked for; its values count as trusted. */
  readonly input?: JsonValue
  /** Told when a held action of the task was decided. */
  readonly resumeUrl?: string
  /** Who opened it: the id of an agent's credential, or `embedded`. */
  readonly openedBy: string
  /** W3C trace id to continue; a new one otherwise. */
  readonly traceId?: string
  readonly probe?: boolean
}

export interface OpenedTask {
  readonly task: TaskRecord
  /** Shown once; only its hash is kept. */
  readonly token: string
}

export const taskTokenPrefix = 'awt_'

/** @throws RELEASE_NOT_READY when the release may not run here; STORE_UNAVAILABLE. */
export async function openTask(guard: Guard, tasks: TaskStore, request: OpenTask): Promise<OpenedTask> {
  if (guard.notReady !== undefined) {
    throw new AirworthyError({
      code: 'RELEASE_NOT_READY',
      message: guard.notReady,
      mend: 'Promote a release that has a GO, or use the environment dev.',
    })
  }
  const nowMs = guard.ports.clock()
  const id = guard.ports.newId('tsk')
  const token = `${taskTokenPrefix}${randomBytes(24).toString('base64url')}`
  const task: TaskRecord = {
    id,
    project: 'default',
    agent: guard.manifest.agent,
    release: guard.release,
    environment: guard.environment,
    principal: request.principal,
    traceId: request.traceId ?? randomBytes(16).toString('hex'),
    createdMs: nowMs,
    waitedMs: 0,
    probe: request.probe ?? false,
    ...(request.resumeUrl === undefined ? {} : { resumeUrl: request.resumeUrl }),
    counters: { toolCalls: 0, costUsdMicros: 0 },
    facts: [],
  }
  const entry: EntryDraft = {
    id: guard.ports.newId('ent'),
    timeMs: nowMs,
    kind: 'task-opened',
    actor: {
      kind: 'agent',
      id: request.openedBy,
      verifiedBy: request.openedBy === 'embedded' ? 'in_process' : 'agent_key',
    },
    principal: { id: request.principal.id, verifiedBy: request.principal.verifiedBy },
    agent: task.agent,
    release: task.release,
    environment: task.environment,
    mode: guard.mode,
    object: id,
    task: id,
    traceId: task.traceId,
    ...(task.probe ? { details: { probe: true } } : {}),
  }
  const values = request.input === undefined ? [] : fingerprintsOf(request.input, guard.fingerprintKey, true)
  const facts: FactBody[] = values.length === 0 ? [] : [{ kind: 'source', source: 'user', trusted: true, values }]
  await tasks.openTask({
    task,
    tokenHash: sha256Hex(token),
    facts,
    entry,
    bodies: request.input === undefined ? {} : { input: { input: request.input } },
  })
  guard.states.advance({ ...task, facts: facts.map((body, at) => ({ n: at + 1, body })) }, undefined)
  return { task, token }
}
