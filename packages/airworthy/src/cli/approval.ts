/** `airworthy approval ls | show | approve | reject`: what waits for a person, and that person's decision. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import type { ApprovalRecord } from '../guard/port.ts'
import type { ShownApproval } from '../operate/approvals/read-approval.ts'
import { wireOfApproval } from '../server/wire/approval.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { type KitFlags, withKit } from './kit-access.ts'
import { table } from './table.ts'
import { whatBecame } from './what-became.ts'

interface Flags extends KitFlags {
  readonly json: boolean
}
const flags = { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag }
const idParameter = {
  kind: 'tuple',
  parameters: [{ brief: 'The approval', placeholder: 'ID', parse: String }],
} as const

const lsCommand = buildCommand<Flags & { state: string | undefined }, [], CliContext>({
  docs: { brief: 'List approvals, newest first' },
  parameters: { flags: { ...flags, state: optionalText('pending, approved, rejected, expired or used', 'STATE') } },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const approvals = await withKit(this, given, (kit) => kit.listApprovals(given.state))
      if (given.json) printJson(this, { approvals: approvals.map(wireOfApproval) })
      else if (approvals.length === 0) this.stdout.write('No approvals.\n')
      else this.stdout.write(table(['approval', 'state', 'tool', 'for', 'needs', 'until'], approvals.map(rowOf)))
      return exitCodes.pass
    })
  },
})

const showCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: 'Show what exactly would be executed' },
  parameters: { flags, positional: idParameter },
  async func(given, id) {
    await runCommand(this, given.json, async () => {
      const approval = await withKit(this, given, (kit) => kit.readApproval(id))
      if (given.json) printJson(this, { ...wireOfApproval(approval), arguments: approval.arguments })
      else this.stdout.write(details(approval))
      return exitCodes.pass
    })
  },
})

const decision = (verb: 'approve' | 'reject', brief: string) =>
  buildCommand<Flags & { comment: string | undefined; key: string | undefined }, [string], CliContext>({
    docs: { brief },
    parameters: {
      flags: {
        ...flags,
        comment: optionalText('A word to the record', 'TEXT'),
        key: optionalText('File with your person key; default the variable AIRWORTHY_KEY', 'FILE'),
      },
      positional: idParameter,
    },
    async func(given, id) {
      await runCommand(this, given.json, async () => {
        const key = await personKey(this, given.key)
        const { approval, isKitRunning } = await withKit(this, given, async (kit) => ({
          approval: await kit.decideApproval(id, verb === 'approve' ? 'approved' : 'rejected', given.comment, key),
          isKitRunning: kit.isKitRunning,
        }))
        if (given.json) printJson(this, wireOfApproval(approval))
        else
          this.stdout.write(
            `${approval.id} is ${approval.state} by ${approval.decidedBy ?? 'you'}: ${approval.tool} for ${printable(approval.principalId)}\n`,
          )
        const became = verb === 'approve' && !given.json ? await whatBecame(this, given, approval.actionId) : undefined
        if (became !== undefined) this.stdout.write(`${became}\n`)
        if (verb === 'approve' && !isKitRunning)
          this.stderr.write(
            'No kit runs on this folder: the action is executed by the next one that runs on its store, if it still may be then.\n',
          )
        return exitCodes.pass
      })
    },
  })

export const approvalCommands = buildRouteMap({
  routes: {
    ls: lsCommand,
    show: showCommand,
    approve: decision('approve', 'Approve one exact action; it is then executed once'),
    reject: decision('reject', 'Reject one exact action'),
  },
  docs: { brief: 'What waits for a person: ls, show, approve, reject' },
})

async function personKey(context: CliContext, file: string | undefined): Promise<string> {
  const key =
    file === undefined ? context.env.AIRWORTHY_KEY : (await import('node:fs')).readFileSync(file, 'utf8').trim()
  if (key?.startsWith('awp_')) return key
  const given = key === undefined || key === '' ? 'none was given' : 'what was given is no key of a person (awp_...)'
  throw new AirworthyError({
    code: 'CREDENTIAL_INVALID',
    message: `An approval is decided by a person with a key of their own; ${given}.`,
    mend: 'Set AIRWORTHY_KEY or give --key FILE; create a key with `airworthy keys create --kind person --name ana --role ROLE`.',
  })
}

function rowOf({ id, state, tool, principalId, roles, expiresMs }: ApprovalRecord): readonly string[] {
  const until = new Date(expiresMs).toISOString()
  return [id, state, tool, principalId, roles.join(' and '), until].map((cell) => printable(cell))
}

function details(approval: ShownApproval): string {
  return [
    `${approval.id}: ${approval.state}`,
    approval.summary,
    'arguments as they will be sent:',
    ...Object.entries(approval.arguments).map(
      ([name, value]) => `  ${printable(name)}: ${printable(JSON.stringify(value))}`,
    ),
    `needs: ${approval.roles.join(' and ')}${approval.notRequester ? `, not ${printable(approval.principalId)}` : ''}`,
    `until: ${new Date(approval.expiresMs).toISOString()}`,
    ...(approval.decidedBy === undefined ? [] : [`decided by: ${approval.decidedBy}`]),
    `binds: ${approval.bindingDigest}`,
    '',
  ].join('\n')
}
