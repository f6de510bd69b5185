/** `airworthy keys create | ls | revoke`. A key is printed once; the kit keeps its hash. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import { printable } from '../core/printable.ts'
import type { CredentialRecord } from '../operate/keys/port.ts'
import { readProject } from '../operate/onboard/read-project.ts'
import { wireOfKey } from '../server/wire/key.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf, type KitFlags, withKit } from './kit-access.ts'
import { table } from './table.ts'

const flags = { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag }
interface Flags extends KitFlags {
  readonly json: boolean
}
type Kind = 'agent' | 'operator' | 'person' | 'auditor' | 'ci'

const createCommand = buildCommand<
  Flags & {
    kind: Kind
    name: string
    role?: readonly string[]
    agent: string | undefined
    principal: string | undefined
  },
  [],
  CliContext
>({
  docs: { brief: 'Create a key and print it, this once' },
  parameters: {
    flags: {
      ...flags,
      kind: { kind: 'enum', values: ['agent', 'operator', 'person', 'auditor', 'ci'], brief: 'What it may do' },
      name: { kind: 'parsed', parse: String, brief: 'Who holds it', placeholder: 'NAME' },
      role: {
        kind: 'parsed',
        parse: String,
        brief: 'A role of a person (repeat for more)',
        variadic: true,
        optional: true,
        placeholder: 'ROLE',
      },
      agent: optionalText('For an agent key: the agent it opens tasks for', 'AGENT'),
      principal: optionalText(
        'For a person key: who the person is to the agents; not_requester compares it too',
        'PRINCIPAL',
      ),
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { record, key } = await withKit(this, given, (kit) =>
        kit.createKey({
          kind: given.kind,
          name: given.name,
          roles: given.role ?? [],
          ...(given.agent === undefined ? {} : { agent: given.agent }),
          ...(given.principal === undefined ? {} : { principal: given.principal }),
        }),
      )
      if (given.json) printJson(this, { ...wireOfKey(record), key })
      else {
        this.stderr.write(
          `${record.kind} key ${record.id} for ${record.name}. It is shown this once; the kit keeps only ${record.kind === 'ci' ? 'the hash of its public half' : 'its hash'}.\n`,
        )
        this.stdout.write(`${key}\n`)
      }
      for (const doubt of doubtsOf(record, agentHere(foldersOf(this, given).project)))
        this.stderr.write(`Note: ${doubt}\n`)
      return exitCodes.pass
    })
  },
})

const lsCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'List keys' },
  parameters: { flags },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const keys = await withKit(this, given, (kit) => kit.listKeys())
      if (given.json) printJson(this, { keys: keys.map(wireOfKey) })
      else if (keys.length === 0) this.stdout.write('No keys but the operator key in the folder.\n')
      else this.stdout.write(table(['key', 'kind', 'name', 'agent', 'roles', 'created', 'revoked'], keys.map(rowOf)))
      return exitCodes.pass
    })
  },
})

function rowOf({ id, kind, name, agent, roles, createdMs, revokedMs }: CredentialRecord): readonly string[] {
  const revoked = revokedMs === undefined ? '' : new Date(revokedMs).toISOString()
  const cells = [id, kind, name, agent ?? '', roles.join(', '), new Date(createdMs).toISOString(), revoked]
  return cells.map((cell) => printable(cell))
}

const revokeCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: 'Revoke a key, at once' },
  parameters: {
    flags,
    positional: { kind: 'tuple', parameters: [{ brief: "The key's id", placeholder: 'ID', parse: String }] },
  },
  async func(given, id) {
    await runCommand(this, given.json, async () => {
      await withKit(this, given, (kit) => kit.revokeKey(id))
      if (given.json) printJson(this, { revoked: id })
      else this.stdout.write(`${id} is revoked.\n`)
      return exitCodes.pass
    })
  },
})

/** What makes a key useless for what it was probably meant for. One database serves many agents, so none of it is an error. */
function doubtsOf({ kind, roles, agent }: CredentialRecord, here: string | undefined): readonly string[] {
  if (kind === 'person' && roles.length === 0) return ['without --role this person can approve nothing.']
  if (kind === 'agent' && here !== undefined && agent !== here)
    return [`the agent of this folder's manifest is ${here}; a key of ${agent} opens no task here.`]
  return []
}

/** The agent that the folder's manifest names; undefined when there is no manifest that could be read. */
function agentHere(project: string): string | undefined {
  const name = readProject(project, { env: {}, resolve: false }).draft?.agent
  return name === 'unnamed' ? undefined : name
}

export const keysCommands = buildRouteMap({
  routes: { create: createCommand, ls: lsCommand, revoke: revokeCommand },
  docs: { brief: 'Keys of agents, operators, people, auditors and CI: create, ls, revoke' },
})
