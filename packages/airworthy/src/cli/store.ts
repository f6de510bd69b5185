/** `airworthy store info | copy | backup | migrate | roles`: for whoever runs the database under a kit. */
import { join, resolve } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, projectFlag } from './flags.ts'
import { type KitFlags, storeOf } from './kit-access.ts'
import { copyCommand } from './store-copy.ts'
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
