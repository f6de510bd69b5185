/**
 * The acts of operators and approvers where no kit runs: on the folder's store alone, or on the database that --db names. No release is registered, nothing is swept
 * and nothing is executed, so they work beside a broken manifest too. The entries are written with the acts; the next kit that
 * runs gives them their places in the log. Whoever may write the folder's files is its operator.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditActor } from '../audit/entry.ts'
import { digestOf } from '../core/digest.ts'
import { AirworthyError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { isJsonObject } from '../core/json.ts'
import type { EscalationRule } from '../core/manifest/effective.ts'
import { readYaml } from '../core/manifest/read-yaml.ts'
import type { ApprovalState } from '../guard/port.ts'
import { decideApproval } from '../operate/approvals/decide.ts'
import { notifyResume } from '../operate/approvals/notify-resume.ts'
import { readShownApproval } from '../operate/approvals/read-approval.ts'
import { originOf } from '../operate/audit/origin.ts'
import { changeEscalation, type Helper, readEscalation } from '../operate/escalations/change-escalation.ts'
import { type EscalationState, escalationStates } from '../operate/escalations/port.ts'
import { engageKill, liftKill } from '../operate/halts/kill-switch.ts'
import { createCredential, credentialOf, revokeCredential } from '../operate/keys/credentials.ts'
import type { CredentialRecord } from '../operate/keys/port.ts'
import { manifestFile } from '../operate/onboard/read-project.ts'
import { forgetTask } from '../operate/recordings/forget-task.ts'
import { wireOfForgotten } from '../server/api/tasks.ts'
import { wireOfEscalation } from '../server/wire/escalation.ts'
import { openStore, type StoreLocation } from '../store/open-store.ts'
import { databaseFile } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import type { KitAccess } from './kit-access.ts'

export interface FolderAccess extends KitAccess {
  close(): Promise<void>
}

/** @throws MANIFEST_MISSING where there is neither a store nor a manifest; STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export async function openFolder(
  { project, store: location }: { readonly project: string; readonly store: StoreLocation },
  log: (line: string) => void,
): Promise<FolderAccess> {
  const { dir, db } = location
  // A typing error in --dir must not make a new, empty store that has nothing to stop.
  if (db === undefined && !existsSync(join(dir, databaseFile)) && !existsSync(join(project, manifestFile))) {
    throw nothingHere(dir)
  }
  const store = await openStore(location, { log, mayCreate: db === undefined })
  const actor: AuditActor = { kind: 'operator', id: 'cli', verifiedBy: 'folder_access' }
  const clock = Date.now
  const by = () => ({ actor, atMs: clock(), newId: (prefix: 'key' | 'ent') => newId(prefix, clock()) })
  const killPorts = {
    kills: store.kills,
    clock,
    newId: (prefix: 'ent') => newId(prefix, clock()),
    sleep: async () => {},
    // No kit runs: nothing can be told to stop, and what the ledger shows as running will not end by waiting.
    abortRunning: () => [],
    quiesceMsMax: 0,
    verify: (agent: string, tool: string) => isRefused(store, agent, tool, clock()),
  }
  const manifest = readLeniently(project)
  const knownTool = (tool: string): void => {
    if (tool === '*' || manifest?.tools.includes(tool)) return
    if (manifest === undefined) log(`${manifestFile} cannot be read, so nobody checked that there is a tool ${tool}.`)
    else throw unknownTool(tool)
  }
  return {
    isKitRunning: false,
    listApprovals: (state) =>
      store.approvals.listApprovals({ ...(state === undefined ? {} : { state: state as ApprovalState }), limit: 100 }),
    readApproval: (id) => readShownApproval(store.approvals, store.guard, id),
    async decideApproval(id, decision, comment, key) {
      const person = await credentialOfPerson(store, key)
      const approval = await decideApproval(store.approvals, {
        id,
        decision,
        approver: {
          name: person.name,
          ...(person.principal === undefined ? {} : { principal: person.principal }),
          roles: person.roles,
          credentialId: person.id,
          verifiedBy: 'person_key',
        },
        ...(comment === undefined ? {} : { comment }),
        atMs: clock(),
        newId: (prefix) => newId(prefix, clock()),
      })
      // Of an approval the task hears from the kit that executes it.
      const task = decision === 'rejected' ? await store.guard.readTask(approval.task) : undefined
      if (task?.resumeUrl !== undefined) {
        const type = 'airworthy.action-finished'
        await notifyResume(task.resumeUrl, { type, task: task.id, action: approval.actionId }, log)
      }
      return approval
    },
    async listEscalations({ state, task }) {
      const filter = { limit: 200, ...(state === undefined ? {} : { state: stateOf(state) }) }
      const found = await store.escalations.listEscalations(task === undefined ? filter : { ...filter, task })
      return found.map((one) => wireOfEscalation(one, clock()))
    },
    readEscalation: async (id) => wireOfEscalation(await readEscalation(store.escalations, id), clock()),
    async changeEscalation(verb, id, text, key) {
      const to = ({ claim: 'claimed', answer: 'answered', close: 'closed' } as const)[verb]
      const ports = {
        escalations: store.escalations,
        readTask: (task: string) => store.guard.readTask(task),
        clock,
        newId: (prefix: 'ent') => newId(prefix, clock()),
        log,
        rule: manifest?.escalations,
      }
      const helper = key === undefined ? folderOperator : await personOf(store, key)
      const changed = await changeEscalation(ports, { id, to, helper, ...(text === undefined ? {} : { text }) })
      return wireOfEscalation(changed, clock())
    },
    async kill(tool, reason) {
      knownTool(tool)
      return await engageKill(killPorts, { agent: await agentOf(store, manifest, dir), tool, reason, actor })
    },
    revive: async (tool, reason) =>
      await liftKill(killPorts, { agent: await agentOf(store, manifest, dir), tool, reason, actor }),
    forgetTask: async (task, reason) =>
      wireOfForgotten(
        await forgetTask(store, { task, reason, actor, clock, newId: (prefix) => newId(prefix, clock()) }),
      ),
    createKey: (request) => createCredential(store.credentials, request, by()),
    listKeys: () => store.credentials.listCredentials(),
    revokeKey: (id) => revokeCredential(store.credentials, id, by()),
    close: () => store.close(),
  }
}

const folderOperator: Helper = { kind: 'operator', name: 'cli', roles: [], verifiedBy: 'folder_access' }

async function personOf(store: Store, key: string): Promise<Helper> {
  const { name, roles } = await credentialOfPerson(store, key)
  return { kind: 'person', name, roles, verifiedBy: 'person_key' }
}

async function credentialOfPerson(store: Store, key: string): Promise<CredentialRecord> {
  const person = await credentialOf(store.credentials, key)
  if (person?.kind === 'person') return person
  throw new AirworthyError({
    code: 'CREDENTIAL_INVALID',
    message: 'The key is no active key of a person.',
    mend: 'Create one with `airworthy keys create --kind person`.',
  })
}

function stateOf(text: string): EscalationState {
  const state = escalationStates.find((known) => known === text)
  if (state !== undefined) return state
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: `There is no state ${JSON.stringify(text.slice(0, 32))} of an escalation.`,
    mend: `Name one of ${escalationStates.join(', ')}.`,
  })
}

interface LenientManifest {
  readonly agent: string | undefined
  readonly tools: readonly string[]
  readonly escalations?: EscalationRule
}

/** The two names that these acts need, from a manifest that may be broken elsewhere. */
function readLeniently(project: string): LenientManifest | undefined {
  try {
    const { value } = readYaml(readFileSync(join(project, manifestFile), 'utf8'), manifestFile)
    if (!isJsonObject(value)) return undefined
    const { agent, tools, escalations } = value
    if (!isJsonObject(tools)) return undefined
    const by = isJsonObject(escalations) ? escalations.by : undefined
    return {
      agent: typeof agent === 'string' ? agent : undefined,
      tools: Object.keys(tools),
      ...(typeof by === 'string' ? { escalations: { slaMs: 0, notify: [], by } } : {}),
    }
  } catch {
    return undefined
  }
}

/** The log knows whose it is, whatever the manifest says by now; before the first start only the manifest does. */
async function agentOf(store: Store, manifest: LenientManifest | undefined, dir: string): Promise<string> {
  if ((await store.audit.latestCheckpoint()) !== undefined) {
    return (await originOf(store.audit)).replace(/^airworthy\//, '')
  }
  if (manifest?.agent !== undefined) return manifest.agent
  throw nothingHere(dir)
}

/** Tries to record an intent under the kill, of a task that does not exist: a store that did not refuse it could not write it. */
async function isRefused(store: Store, agent: string, tool: string, nowMs: number): Promise<boolean> {
  const none = digestOf('')
  try {
    const answer = await store.guard.intend({
      actionId: 'act_probe',
      entryId: newId('ent', nowMs),
      atMs: nowMs,
      task: {
        id: 'tsk_probe',
        project: 'default',
        agent,
        release: none,
        environment: 'none',
        principal: { id: 'airworthy-probe', attributes: {}, verifiedBy: 'asserted_by_agent' },
        traceId: '0'.repeat(32),
        createdMs: nowMs,
        waitedMs: 0,
        probe: true,
        counters: { toolCalls: 0, costUsdMicros: 0 },
        facts: [],
      },
      facts: [],
      door: 'probe',
      tool,
      effect: 'read',
      definitionDigest: none,
      policyDigest: none,
      arguments: {},
      argumentsDigest: none,
      argumentsSent: {},
      argumentsSentDigest: none,
      decision: 'allow',
      reasons: [],
      policies: [],
      labels: [],
      untrusted: [],
      enforced: true,
      spanId: '0'.repeat(16),
      lastFact: 0,
      limits: { toolCalls: 0, costUsdMicros: 0, workedMs: 0 },
      costUsdMicros: 0,
      owner: 'cli',
      doubtMs: nowMs,
    })
    return answer.kind === 'killed'
  } catch {
    return false
  }
}

function nothingHere(dir: string): AirworthyError {
  return new AirworthyError({
    code: 'MANIFEST_MISSING',
    message: `There is no store in ${dir} and no ${manifestFile} in the project.`,
    mend: "Run it in the project's folder, or name the folders with --project and --dir.",
  })
}

function unknownTool(tool: string): AirworthyError {
  return new AirworthyError({
    code: 'TOOL_UNLISTED',
    message: `The manifest lists no tool ${tool.slice(0, 64)}.`,
    mend: 'Name a tool of the manifest, or leave the tool out to stop the whole agent.',
  })
}
