/**
 * How a command reaches a kit: through the API of the one that runs (its address stands in `up.json`), else on the store
 * alone. Either way the same acts and the same audit entries. Only a check builds a kit, and that one sweeps nothing.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { WireApproval, WireShownApproval } from '../contract/approval.ts'
import type { WireEscalation } from '../contract/escalation.ts'
import type { WireKey } from '../contract/key.ts'
import type { WireForgottenTask } from '../contract/task.ts'
import type { Digest } from '../core/digest.ts'
import { AirworthyError, type Fault } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { ApprovalRecord } from '../guard/port.ts'
import type { Kit } from '../kit.ts'
import type { ShownApproval } from '../operate/approvals/read-approval.ts'
import type { KillReport } from '../operate/halts/kill-switch.ts'
import type { NewCredential } from '../operate/keys/credentials.ts'
import type { CredentialRecord } from '../operate/keys/port.ts'
import type { Verdict } from '../readiness/verdict.ts'
import type { StoreLocation } from '../store/open-store.ts'
import type { CliContext } from './context.ts'

export interface KitFlags {
  readonly dir?: string | undefined
  readonly db?: string | undefined
  readonly project?: string | undefined
}

/** What commands ask of a kit, near or far. */
export interface KitAccess {
  /** False: what is approved waits for the kit that runs next. */
  readonly isKitRunning: boolean
  listApprovals(state: string | undefined): Promise<readonly ApprovalRecord[]>
  readApproval(id: string): Promise<ShownApproval>
  /** @param key the person's own key. */
  decideApproval(
    id: string,
    decision: 'approved' | 'rejected',
    comment: string | undefined,
    key: string,
  ): Promise<ApprovalRecord>
  listEscalations(filter: {
    readonly state: string | undefined
    readonly task: string | undefined
  }): Promise<readonly WireEscalation[]>
  readEscalation(id: string): Promise<WireEscalation>
  /** @param key  a person's own; undefined: the operator does it. */
  changeEscalation(
    verb: 'claim' | 'answer' | 'close',
    id: string,
    text: string | undefined,
    key: string | undefined,
  ): Promise<WireEscalation>
  kill(tool: string, reason: string): Promise<KillReport>
  revive(tool: string, reason: string): Promise<boolean>
  forgetTask(task: string, reason: string): Promise<WireForgottenTask>
  createKey(request: NewCredential): Promise<{ readonly record: CredentialRecord; readonly key: string }>
  listKeys(): Promise<readonly CredentialRecord[]>
  revokeKey(id: string): Promise<void>
}

export function foldersOf(context: CliContext, flags: KitFlags): { readonly project: string; readonly dir: string } {
  const project = resolve(context.cwd, flags.project ?? '.')
  return { project, dir: flags.dir === undefined ? join(project, '.airworthy') : resolve(context.cwd, flags.dir) }
}

/** Where the kit's store is. The address may hold a password: it is given on to the store and shown to nobody. */
export function storeOf(context: CliContext, flags: KitFlags): StoreLocation {
  const named = flags.db ?? context.env.AIRWORTHY_DB
  return { dir: foldersOf(context, flags).dir, ...(named === undefined || named === '' ? {} : { db: named }) }
}

/** Runs a command's work against the running kit of this folder, else on its store. */
export async function withKit<T>(
  context: CliContext,
  flags: KitFlags,
  use: (kit: KitAccess) => Promise<T>,
): Promise<T> {
  const { project, dir } = foldersOf(context, flags)
  const store = storeOf(context, flags)
  const url = await runningUrl(dir, store)
  if (url !== undefined) {
    return await use(remoteKit(url, dir, context.env))
  }
  const { openFolder } = await import('./folder-access.ts')
  const folder = await openFolder({ project, store }, (line) => context.stderr.write(`${line}\n`))
  try {
    return await use(folder)
  } finally {
    await folder.close()
  }
}

/** The verdict of the running kit of this folder, else of one that is built for it, which sweeps and executes nothing. */
export async function checkKit(
  context: CliContext,
  flags: KitFlags & { readonly environment?: string | undefined },
  request: { readonly atMs?: number },
): Promise<Verdict> {
  const { project, dir } = foldersOf(context, flags)
  const { environment } = flags
  const store = storeOf(context, flags)
  const url = await runningUrl(dir, store)
  if (url !== undefined) {
    return await askKit<Verdict>(url, 'POST', '/check', operatorKey(dir, context.env), {
      ...(request.atMs === undefined ? {} : { at_ms: request.atMs }),
      ...(environment === undefined ? {} : { environment }),
    })
  }
  const { createKit } = await import('../kit.ts')
  const kit = await createKit({
    project,
    ...store,
    env: context.env,
    ...(environment === undefined ? {} : { environment }),
    log: (line) => context.stderr.write(`${line}\n`),
  })
  // Time-outs of auth checks do not keep a process alive by themselves.
  const alive = setInterval(() => {}, 1_000)
  try {
    await kit.start({ sweep: false })
    return await kit.check(request)
  } finally {
    await kit.close()
    clearInterval(alive)
  }
}

/** An operator's question to the running kit of this folder, else to one that is built for it, which sweeps and executes nothing. */
export async function askOperator<T>(
  context: CliContext,
  flags: KitFlags & { readonly environment?: string | undefined },
  { method, path, body }: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: unknown },
  near: (kit: Kit) => Promise<T>,
): Promise<T> {
  const { project, dir } = foldersOf(context, flags)
  const store = storeOf(context, flags)
  const url = await runningUrl(dir, store)
  if (url !== undefined) return await askKit<T>(url, method, path, operatorKey(dir, context.env), body)
  const { createKit } = await import('../kit.ts')
  const kit = await createKit({
    project,
    ...store,
    env: context.env,
    ...(flags.environment === undefined ? {} : { environment: flags.environment }),
    log: (line) => context.stderr.write(`${line}\n`),
  })
  const alive = setInterval(() => {}, 1_000)
  try {
    await kit.start({ sweep: false })
    return await near(kit)
  } finally {
    await kit.close()
    clearInterval(alive)
  }
}

/** What `up` leaves in the folder for other commands. */
export interface UpFile {
  readonly url: string
  readonly pid: number
  /** The database of a kit that keeps its store there, without user and password; absent: the store is in the folder. */
  readonly db?: string
}

/** The database of a store, for people: without the password. @throws STORE_UNAVAILABLE */
export async function shownDatabase({ db }: StoreLocation): Promise<string | undefined> {
  return db === undefined ? undefined : (await import('../store/postgres/connection.ts')).shownAddress(db)
}

/** What tells two databases apart, and no more: the user is not it. @throws STORE_UNAVAILABLE */
export async function databaseOf(location: StoreLocation): Promise<string | undefined> {
  return (await shownDatabase(location))?.replace(/^postgres:\/\/[^/]*@/, 'postgres://')
}

/**
 * The address of the kit that runs on this folder, if it answers.
 * @param store  where the command looks for the store. @throws USAGE_INVALID when the kit keeps its store elsewhere
 */
export async function runningUrl(dir: string, store?: StoreLocation): Promise<string | undefined> {
  let up: UpFile
  try {
    up = valueOfJson(readFileSync(join(dir, 'up.json'), 'utf8')) as UpFile
    process.kill(up.pid, 0)
  } catch {
    return undefined
  }
  try {
    const response = await fetch(`${up.url}/healthz`, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    if (!response.ok) return undefined
  } catch {
    return undefined
  }
  const wanted = store?.db === undefined ? undefined : await databaseOf(store)
  if (wanted !== undefined && wanted !== up.db) {
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: `The kit that runs on ${dir} keeps its store ${up.db === undefined ? 'in the folder' : `at ${up.db}`}, not at ${wanted}.`,
      mend: 'Leave out --db and AIRWORTHY_DB to speak to that kit, or name another folder with --dir.',
    })
  }
  return up.url
}

export function operatorKey(dir: string, env: CliContext['env']): string {
  const named = env.AIRWORTHY_KEY
  if (named?.startsWith('awo_')) return named
  try {
    return readFileSync(join(dir, 'keys', 'operator.key'), 'utf8').trim()
  } catch (cause) {
    throw new AirworthyError(
      {
        code: 'KEY_FILE_INVALID',
        message: `The operator key of ${dir} cannot be read.`,
        mend: 'Run the command as the user that runs the kit, or set AIRWORTHY_KEY.',
      },
      { cause },
    )
  }
}

export async function askKit<T>(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  key: string,
  body?: unknown,
): Promise<T> {
  let response: Response
  try {
    response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    })
  } catch (cause) {
    throw new AirworthyError(
      {
        code: 'KIT_UNREACHABLE',
        message: `The kit at ${url} did not answer.`,
        mend: 'Look at its log, or stop it and call again.',
      },
      { cause },
    )
  }
  const answer = valueOfJson(await response.text()) as unknown
  if (!response.ok) throw new AirworthyError(answer as Fault)
  return answer as T
}

/** @param dir its keys are read when an act needs the operator's: a person who decides needs only their own. */
function remoteKit(url: string, dir: string, env: CliContext['env']): KitAccess {
  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<T> =>
    await askKit<T>(url, method, path, key ?? operatorKey(dir, env), body)
  /** Approvals are shown to people too. */
  const reader = env.AIRWORTHY_KEY?.startsWith('awp_') === true ? env.AIRWORTHY_KEY : undefined
  return {
    isKitRunning: true,
    listApprovals: async (state) =>
      (
        await ask<{ approvals: WireApproval[] }>(
          'GET',
          `/approvals${state === undefined ? '' : `?state=${encodeURIComponent(state)}`}`,
          undefined,
          reader,
        )
      ).approvals.map(approvalOfWire),
    async readApproval(id) {
      const path = `/approvals/${encodeURIComponent(id)}`
      const wire = await ask<WireShownApproval>('GET', path, undefined, reader)
      return { ...approvalOfWire(wire), arguments: wire.arguments as JsonObject }
    },
    decideApproval: async (id, decision, comment, person) =>
      approvalOfWire(
        await ask<WireApproval>(
          'POST',
          `/approvals/${encodeURIComponent(id)}/decision`,
          { decision, ...(comment === undefined ? {} : { comment }) },
          person,
        ),
      ),
    async listEscalations({ state, task }) {
      const query = new URLSearchParams({
        ...(state === undefined ? {} : { state }),
        ...(task === undefined ? {} : { task }),
      })
      return (await ask<{ escalations: WireEscalation[] }>('GET', `/escalations?${query}`, undefined, reader))
        .escalations
    },
    readEscalation: (id) => ask('GET', `/escalations/${encodeURIComponent(id)}`, undefined, reader),
    changeEscalation: (verb, id, text, key) =>
      ask('POST', `/escalations/${encodeURIComponent(id)}/${verb}`, text === undefined ? {} : { text }, key),
    kill: (tool, reason) => ask('POST', '/kills', { tool, reason }),
    revive: async (tool, reason) => (await ask<{ lifted: boolean }>('POST', '/kills/lift', { tool, reason })).lifted,
    forgetTask: (task, reason) => ask('POST', `/tasks/${encodeURIComponent(task)}/forget`, { reason }),
    createKey: async (request) => {
      const { key: created, ...record } = await ask<WireKey & { key: string }>('POST', '/keys', request)
      return { record: keyOfWire(record), key: created }
    },
    listKeys: async () => (await ask<{ keys: WireKey[] }>('GET', '/keys')).keys.map(keyOfWire),
    revokeKey: async (id) => {
      await ask('POST', `/keys/${encodeURIComponent(id)}/revoke`, {})
    },
  }
}

function approvalOfWire(wire: WireApproval): ApprovalRecord {
  return {
    id: wire.id,
    actionId: wire.action,
    task: wire.task,
    agent: wire.agent,
    tool: wire.tool,
    principalId: wire.principal,
    state: wire.state,
    roles: wire.roles,
    notRequester: wire.not_requester,
    summary: wire.summary,
    bindingDigest: wire.binding_digest as Digest,
    nonce: wire.nonce,
    createdMs: wire.created_ms,
    expiresMs: wire.expires_ms,
    ...(wire.decided_ms === undefined ? {} : { decidedMs: wire.decided_ms }),
    ...(wire.decided_by === undefined ? {} : { decidedBy: wire.decided_by }),
    ...(wire.comment === undefined ? {} : { comment: wire.comment }),
  }
}

function keyOfWire(wire: WireKey): CredentialRecord {
  return {
    id: wire.id,
    kind: wire.kind,
    name: wire.name,
    roles: wire.roles,
    ...(wire.agent === undefined ? {} : { agent: wire.agent }),
    ...(wire.principal === undefined ? {} : { principal: wire.principal }),
    createdMs: wire.created_ms,
    ...(wire.revoked_ms === undefined ? {} : { revokedMs: wire.revoked_ms }),
  }
}
