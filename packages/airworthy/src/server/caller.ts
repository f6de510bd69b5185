/** Who calls: the credential of a request, verified. Nothing else about a request says who somebody is. */
import { timingSafeEqual } from 'node:crypto'
import type { AuditActor } from '../audit/entry.ts'
import { sha256 } from '../core/hash.ts'
import type { TaskRecord } from '../guard/port.ts'
import type { Kit } from '../kit.ts'
import { credentialOfHash } from '../operate/keys/credentials.ts'
import type { CredentialKind, CredentialRecord } from '../operate/keys/port.ts'
import { taskTokenPrefix } from '../operate/tasks/open-task.ts'
import { RequestRefused } from './problem.ts'

export type CallerKind = CredentialKind | 'task'

export type Caller =
  | { readonly kind: 'task'; readonly id: string; readonly task: TaskRecord }
  | {
      readonly kind: CredentialKind
      readonly id: string
      readonly name: string
      readonly roles: readonly string[]
      readonly agent?: string
      readonly principal?: string
    }

/**
 * The caller that a route lets in. Each credential that is sent must be valid, the one that is not needed too; a task's token
 * comes before an agent's key.
 * @throws RequestRefused CREDENTIAL_INVALID: 401 when there is none or it is unknown, revoked or ended; 403 when it is of another
 * kind or of another agent.
 */
export async function callerOf(kit: Kit, headers: Headers, accepted: readonly CallerKind[]): Promise<Caller> {
  // Anthropic's clients send their key as x-api-key.
  const [bearer, taskToken] = [bearerOf(headers) ?? keyHeaderOf(headers), headers.get('airworthy-task') ?? undefined]
  const callers: Caller[] = []
  if (taskToken !== undefined) callers.push(await taskCaller(kit, taskToken))
  if (bearer !== undefined && bearer !== taskToken) {
    callers.push(
      bearer.startsWith(taskTokenPrefix) ? await taskCaller(kit, bearer) : await credentialCaller(kit, bearer),
    )
  }
  if (callers.length === 0) throw unauthenticated('The request carries no credential.')
  const tasks = callers.filter(({ kind }) => kind === 'task')
  if (tasks.length > 1) throw unauthenticated('The request carries the tokens of two tasks.')
  const caller = callers.find(({ kind }) => accepted.includes(kind))
  if (caller === undefined) {
    throw forbidden(
      `A credential of kind ${callers.map(({ kind }) => kind).join(' and ')} does not open this route.`,
      `Use one of kind ${accepted.join(' or ')}.`,
    )
  }
  for (const { kind, ...rest } of callers) {
    const agent = 'task' in rest ? rest.task.agent : rest.agent
    if ((kind === 'task' || kind === 'agent') && agent !== kit.agent) {
      throw forbidden('The credential belongs to another agent.', `Use one of the agent ${kit.agent}.`)
    }
  }
  return caller
}

/** How an operator's, or a person's, acts are signed in the audit log. */
export function actorOf(caller: Caller): AuditActor {
  if (caller.kind === 'task') return { kind: 'agent', id: caller.id, verifiedBy: 'task_token' }
  const kind = caller.kind === 'auditor' ? 'person' : caller.kind
  return { kind, id: caller.name, verifiedBy: `${caller.kind}_key` }
}

async function taskCaller(kit: Kit, token: string): Promise<Caller> {
  const task = token.startsWith(taskTokenPrefix) ? await kit.taskOfToken(token) : undefined
  if (task === undefined || task.closedMs !== undefined) {
    throw unauthenticated('The task token is unknown, or its task has ended.')
  }
  return { kind: 'task', id: task.id, task }
}

async function credentialCaller(kit: Kit, key: string): Promise<Caller> {
  // Both are hashed, so that the time tells nothing of the key, its length included.
  const hash = sha256(key)
  if (timingSafeEqual(hash, operatorHashOf(kit))) {
    return { kind: 'operator', id: 'operator', name: 'operator', roles: [] }
  }
  const hex = Buffer.from(hash).toString('hex')
  const record: CredentialRecord | undefined = await credentialOfHash(kit.store.credentials, hex)
  if (record === undefined) throw unauthenticated('The key is unknown, or was revoked.')
  const { id, kind, name, roles, agent, principal } = record
  return {
    id,
    kind,
    name,
    roles,
    ...(agent === undefined ? {} : { agent }),
    ...(principal === undefined ? {} : { principal }),
  }
}

/** The operator's key is a fact of the kit's folder, read once. */
const operatorHashes = new WeakMap<Kit['keys'], Uint8Array>()

function operatorHashOf({ keys }: Kit): Uint8Array {
  let hash = operatorHashes.get(keys)
  if (hash === undefined) {
    hash = sha256(keys.operator)
    operatorHashes.set(keys, hash)
  }
  return hash
}

function bearerOf(headers: Headers): string | undefined {
  const given = headers.get('authorization')
  if (given === null) return undefined
  const token = /^bearer +([\x21-\x7e]{1,4096})$/i.exec(given)?.[1]
  if (token === undefined) throw unauthenticated('The header Authorization is not of the form "Bearer <key>".')
  return token
}

function keyHeaderOf(headers: Headers): string | undefined {
  const given = headers.get('x-api-key')
  if (given === null) return undefined
  if (!/^[\x21-\x7e]{1,4096}$/.test(given)) throw unauthenticated('The header x-api-key holds no key.')
  return given
}

function unauthenticated(message: string): RequestRefused {
  const mend = 'Send Authorization: Bearer with a live key; `airworthy keys create` makes one.'
  return new RequestRefused(401, { code: 'CREDENTIAL_INVALID', message, mend })
}

function forbidden(message: string, mend: string): RequestRefused {
  return new RequestRefused(403, { code: 'CREDENTIAL_INVALID', message, mend })
}

/** For a credential that is right in kind and belongs to somebody else's task. */
export function foreign(what: string): RequestRefused {
  return forbidden(
    `The credential does not open this ${what}.`,
    `Use the token of the task that the ${what} belongs to.`,
  )
}
