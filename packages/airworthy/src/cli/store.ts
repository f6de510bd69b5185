/** `airworthy store info | copy | backup | migrate | roles`: for whoever runs the database under a kit. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import type { StoreLocation } from '../store/open-store.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf, type KitFlags, runningUrl, storeOf } from './kit-access.ts'
import { table } from './table.ts'

interface Flags extends KitFlags {
  readonly json: boolean
}
const flags = { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag }
const name = (brief: string) => ({ kind: 'parsed', parse: String, brief, placeholder: 'NAME' }) as const

const infoCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'What the store is, how large, and who sequences its log; changes nothing' },
  parameters: { flags },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { storeInfo } = await import('../store/info/store-info.ts')
      const info = await storeInfo(storeOf(this, given))
      if (given.json) {
        printJson(this, { ...info, leader: info.leader ?? null })
        return exitCodes.pass
      }
      const { log, schema, schemaKnown } = info
      const waiting = log.entries - log.indexed
      const rows = info.tables.map((one) => [one.name, `${one.rows}`, bytesText(one.bytes)])
      this.stdout.write(
        [
          `${info.kind} ${info.version} at ${info.at}, ${bytesText(info.bytes)}`,
          `schema ${schema}${schema === schemaKnown ? '' : `; this version of the kit knows ${schemaKnown}`}`,
          `audit log: ${log.entries} entries${waiting === 0 ? '' : `, ${waiting} of them not in the log yet`}; ${
            log.checkpoint === undefined ? 'no checkpoint' : `last checkpoint of size ${log.checkpoint.size}`
          }`,
          ...(info.kind === 'sqlite' ? [] : [`sequenced by: ${info.leader ?? 'nobody now'}`]),
          ...info.notes.map((note) => `Note: ${note}`),
          table(['table', 'rows', 'size'], rows),
        ].join('\n'),
      )
      return exitCodes.pass
    })
  },
})

function bytesText(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

const copyCommand = buildCommand<
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

const backupCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: 'Back up the store of a folder into another folder, while a kit runs' },
  parameters: {
    flags,
    positional: { kind: 'tuple', parameters: [{ brief: 'A new folder', placeholder: 'TO', parse: String }] },
  },
  async func(given, toText) {
    await runCommand(this, given.json, async () => {
      const { dir, db } = storeOf(this, given)
      if (db !== undefined) {
        throw new AirworthyError({
          code: 'USAGE_INVALID',
          message: 'PostgreSQL is backed up with its own programs.',
          mend: 'Use pg_dump as docs/postgres.md shows, or continuous archiving.',
        })
      }
      const to = resolve(this.cwd, toText)
      const { backupSqlite } = await import('../store/sqlite/backup.ts')
      backupSqlite(dir, to)
      if (given.json) printJson(this, { from: dir, to })
      else
        this.stdout.write(
          `The store of ${dir} is backed up in ${to}.\nKeys are no part of it: keep ${join(dir, 'keys')} with it, in a safe place.\n`,
        )
      return exitCodes.pass
    })
  },
})

const migrateCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Bring the schema of a database to this version, with the role that owns it' },
  parameters: { flags },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { db } = storeOf(this, given)
      if (db === undefined) {
        throw new AirworthyError({
          code: 'USAGE_INVALID',
          message: 'A store in a folder migrates by itself when a kit starts; this is for PostgreSQL.',
          mend: 'Give --db postgres://OWNER@HOST/DATABASE.',
        })
      }
      const [{ migrate, schemaVersion }, { shownAddress }] = await Promise.all([
        import('../store/postgres/migrate.ts'),
        import('../store/postgres/connection.ts'),
      ])
      const before = await migrate(db)
      if (given.json) printJson(this, { before, schema: schemaVersion })
      else
        this.stdout.write(
          before === schemaVersion
            ? `${shownAddress(db)} has schema ${schemaVersion} already.\n`
            : `${shownAddress(db)} was brought from schema ${before} to ${schemaVersion}.\n`,
        )
      return exitCodes.pass
    })
  },
})

const rolesCommand = buildCommand<
  { readonly owner: string; readonly kit: string; readonly database: string; readonly json: boolean },
  [],
  CliContext
>({
  docs: { brief: 'Print the script that makes the two roles: one owns the schema, one is the kit’s' },
  parameters: {
    flags: {
      owner: name('The role that owns the schema and migrates it'),
      kit: name('The role that gateways use'),
      database: name('The database'),
      json: jsonFlag,
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { rolesScript } = await import('../store/postgres/roles.ts')
      const script = rolesScript(given)
      if (given.json) printJson(this, { script })
      else this.stdout.write(script)
      return exitCodes.pass
    })
  },
})

export const storeCommands = buildRouteMap({
  routes: { info: infoCommand, copy: copyCommand, backup: backupCommand, migrate: migrateCommand, roles: rolesCommand },
  docs: { brief: 'The database under a kit: info, copy, backup, migrate, roles' },
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
