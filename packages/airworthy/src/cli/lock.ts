/** `airworthy lock`: looks at the servers again, writes airworthy.lock and says what changed and what became wider. */
import { join } from 'node:path'
import { buildCommand } from '@stricli/core'
import { throwFaults } from '../core/errors.ts'
import { lockText } from '../core/manifest/lock.ts'
import { diffLock, type LockChange } from '../core/manifest/lock-diff.ts'
import { printable } from '../core/printable.ts'
import { lookUpTimeoutMs, lookUpTools } from '../operate/onboard/look-up-tools.ts'
import { lockFile, readLock, readServers } from '../operate/onboard/read-project.ts'
import { readToolSource } from '../operate/onboard/tool-source.ts'
import { listServerTools } from '../upstream/list-tools.ts'
import { startedIn } from '../upstream/started-in.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf } from './kit-access.ts'
import { replaceFile } from './write-file.ts'

interface Flags {
  readonly json: boolean
  readonly project: string | undefined
  readonly from: string | undefined
  readonly check: boolean
}

export const lockCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Refresh airworthy.lock; shows what changed and what became wider' },
  parameters: {
    flags: {
      json: jsonFlag,
      project: projectFlag,
      from: optionalText('Tools that the caller runs itself (tools.ts#tools, openai.json)', 'SOURCE'),
      check: { kind: 'boolean', brief: 'Write nothing; fail when the lock is out of date', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { project } = foldersOf(this, given)
      const servers = readServers(project, { env: this.env })
      throwFaults(servers.faults)
      const before = readLock(project)
      // A lock that was changed by hand is written anew; it is compared with nothing, and said.
      if (before.faults.length > 0) this.stderr.write(`${before.faults.map((fault) => fault.message).join('\n')}\n`)
      const source = given.from === undefined ? undefined : await readToolSource(given.from, this.cwd)
      const caller = source?.kind === 'caller' ? { tools: source.tools } : before.lock?.caller
      const looked = await lookUpTools(
        startedIn(project, servers.servers),
        (server) =>
          listServerTools(server, {
            timeoutMs: lookUpTimeoutMs,
            log: (name, line) => this.stderr.write(`[${name}] ${printable(line)}\n`),
          }),
        caller,
      )
      throwFaults(looked.faults)
      const { lock } = looked
      if (lock === undefined) return exitCodes.usage
      const refused = [
        ...looked.refused,
        ...(source?.kind === 'caller' ? source.refused.map((each) => ({ server: '', ...each })) : []),
      ]
      const changes = diffLock(before.lock, lock)
      const isCurrent = before.lock?.digest === lock.digest
      if (!given.check && !isCurrent) replaceFile(join(project, lockFile), lockText(lock))
      if (given.json) printJson(this, { digest: lock.digest, written: !given.check && !isCurrent, changes, refused })
      else {
        for (const { server, name, why } of refused)
          this.stderr.write(
            `Left out "${printable(name)}"${server === '' ? '' : ` of ${server}`}: ${printable(why)}.\n`,
          )
        this.stdout.write(changesText(changes))
        this.stdout.write(
          isCurrent
            ? 'airworthy.lock is up to date.\n'
            : given.check
              ? 'airworthy.lock is out of date.\n'
              : `Wrote ${lockFile}.\n`,
        )
      }
      return given.check && !isCurrent ? exitCodes.fail : exitCodes.pass
    })
  },
})

const verbs: Readonly<Record<LockChange['kind'], string>> = {
  'server-added': 'new',
  'server-removed': 'gone',
  'server-changed': 'changed',
  'tool-added': 'new',
  'tool-removed': 'gone',
  'tool-changed': 'changed',
}

function changesText(changes: readonly LockChange[]): string {
  const lines = changes.flatMap(({ kind, place, tool, fields, wider }) => {
    const name = printable(tool === undefined ? place : `${place}.${tool}`)
    const what = fields.length === 0 ? '' : `: ${printable(fields.join(', '))}`
    return [`${verbs[kind].padEnd(8)}${name}${what}`, ...wider.map((each) => `  WIDER  ${printable(each)}`)]
  })
  return lines.map((line) => `${line}\n`).join('')
}
