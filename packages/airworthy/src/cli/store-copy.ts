/** `airworthy store copy FROM TO`: from a folder to a database or back, where no kit runs. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import type { StoreLocation } from '../store/open-store.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText } from './flags.ts'
import { foldersOf, runningUrl } from './kit-access.ts'

export const copyCommand = buildCommand<
  { readonly json: boolean; readonly key: string | undefined },
  [string, string],
  CliContext
>({
  docs: {
    brief: 'Copy a whole store into an empty one, of either kind, and verify it',
    fullDescription:
      'FROM and TO are folders of kits (.airworthy) or postgres:// addresses. No kit may run on either. The copy is read back and its log verified before it is committed: it is right, or it is not there. Keys are no part of a store: the next kit needs the same ones.',
  },
  parameters: {
    flags: {
      json: jsonFlag,
      key: optionalText(
        "The log's public key (name+id+key), or a file with it; default: of the keys in a folder named, or AIRWORTHY_KEY_FILE",
        'KEY',
      ),
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'A folder, or postgres://...', placeholder: 'FROM', parse: String },
        { brief: 'A folder, or postgres://...; empty', placeholder: 'TO', parse: String },
      ],
    },
  },
  async func(given, fromText, toText) {
    await runCommand(this, given.json, async () => {
      const [from, to] = [locationOf(this, fromText), locationOf(this, toText)]
      for (const { dir } of [from, to]) await refuseRunning(dir)
      const [{ copyStore }, { noteSigner }, { readKitKeys }] = await Promise.all([
        import('../store/copy/copy-store.ts'),
        import('../audit/note.ts'),
        import('../operate/keys/key-folder.ts'),
      ])
      const publicKey = (origin: string): string => {
        if (given.key !== undefined) return keyText(this, given.key)
        // Reading keys where there are none would make new ones.
        const dir = [from, to].find((one) => existsSync(join(one.dir, 'keys/audit.key')))?.dir
        if (dir === undefined && this.env.AIRWORTHY_KEY_FILE === undefined) throw keyNeeded()
        return noteSigner(origin, readKitKeys(dir ?? '', this.env).audit).vkey
      }
      const onTable = (table: string, rows: number): void => {
        if (!given.json) this.stderr.write(`${table}: ${rows} rows\n`)
      }
      const report = await copyStore({ from, to, publicKey, onTable })
      if (given.json) {
        printJson(this, { ...report, log: report.log ?? null })
        return exitCodes.pass
      }
      const rows = report.tables.reduce((sum, one) => sum + one.rows, 0)
      const { log, replacedTexts } = report
      this.stdout.write(
        [
          `${report.from} is copied to ${report.to}: ${report.tables.length} tables, ${rows} rows, each table read back with the same digest.`,
          log === undefined
            ? 'Its audit log has no checkpoint yet.'
            : `Its audit log verifies: ${log.size} entries, ${log.faultCount} faults.`,
          ...(log?.notes ?? []).map((note) => `Note: ${note}`),
          ...(replacedTexts === 0
            ? []
            : [`${replacedTexts} texts held a NUL character, which PostgreSQL cannot hold; it became U+FFFD.`]),
          'Keys are no part of a store: start the next kit with the same ones (the folder keys/, or AIRWORTHY_KEY_FILE).',
          'Start no kit on the old store any more: two that sign with one key would fork the log.',
          '',
        ].join('\n'),
      )
      return exitCodes.pass
    })
  },
})

function locationOf(context: CliContext, text: string): StoreLocation {
  if (/^postgres(?:ql)?:/.test(text)) return { dir: foldersOf(context, {}).dir, db: text }
  if (!text.includes('://')) return { dir: resolve(context.cwd, text) }
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: 'A store is a folder or an address that begins with postgres://.',
    mend: 'Write .airworthy, or postgres://user@host:5432/database.',
  })
}

async function refuseRunning(dir: string): Promise<void> {
  const url = await runningUrl(dir)
  if (url === undefined) return
  throw new AirworthyError({
    code: 'KIT_RUNNING',
    message: `A kit runs on ${dir}, at ${url}.`,
    mend: 'Stop it first; what it wrote meanwhile would be lost or the log would fork.',
  })
}

function keyText(context: CliContext, key: string): string {
  if (/^[^+\s]+\+[0-9a-f]{8}\+/.test(key)) return key
  try {
    return readFileSync(resolve(context.cwd, key), 'utf8').trim()
  } catch {
    throw keyNeeded()
  }
}

function keyNeeded(): AirworthyError {
  return new AirworthyError({
    code: 'USAGE_INVALID',
    message: "The copy's log is verified, and its public key is not at hand.",
    mend: 'Give it with --key (`airworthy audit export` prints it), or run this where the kit keeps its keys.',
  })
}
