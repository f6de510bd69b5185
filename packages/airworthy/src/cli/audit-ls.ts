/** `airworthy audit ls`: which entries there are, and the ids that `audit prove` wants. It reads; it verifies nothing. */
import { buildCommand } from '@stricli/core'
import { type AuditEntryKind, auditEntryKinds } from '../audit/entry-kinds.ts'
import { parseEntry } from '../audit/parse-entry.ts'
import { AirworthyError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { ListedEntries } from '../operate/audit/list-entries.ts'
import type { StoredEntry } from '../operate/audit/port.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { type KitFlags, storeOf } from './kit-access.ts'
import { table } from './table.ts'

interface Flags extends KitFlags {
  readonly json: boolean
  readonly task: string | undefined
  readonly kind: AuditEntryKind | undefined
  readonly limit: number
}

const limitMax = 10_000
/** Most of a cell that somebody else filled; no id of ours is as long. */
const cellMax = 80

export const lsCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'List the newest entries, newest last',
    fullDescription:
      'Nothing is verified here: `audit verify` does that. An entry that the sequencer has not given an index yet is listed with --task alone, with - for its index; otherwise it is counted.',
  },
  parameters: {
    flags: {
      json: jsonFlag,
      dir: dirFlag,
      db: dbFlag,
      project: projectFlag,
      task: optionalText('Of this task alone', 'TASK'),
      kind: {
        kind: 'parsed',
        parse: kindOf,
        brief: 'Of this kind alone, as action-denied',
        optional: true,
        placeholder: 'KIND',
      },
      limit: { kind: 'parsed', parse: limitOf, brief: 'How many at most', default: '50', placeholder: 'N' },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const [{ openStore }, { listEntries }] = await Promise.all([
        import('../store/open-store.ts'),
        import('../operate/audit/list-entries.ts'),
      ])
      const store = await openStore(storeOf(this, given), { mayCreate: false })
      try {
        const listed = await listEntries(store.audit, given)
        if (given.json)
          printJson(this, { entries: listed.entries.map(wireOf), unsequenced: listed.unsequenced, cut: listed.isCut })
        else this.stdout.write(textOf(listed))
      } finally {
        await store.close()
      }
      return exitCodes.pass
    })
  },
})

const header = ['time', 'index', 'entry', 'kind', 'actor', 'action', 'object', 'outcome', 'task']

function textOf({ entries, unsequenced, isCut }: ListedEntries): string {
  const rows = entries.map((entry) => rowOf(entry).map((cell) => cut(printable(cell))))
  return [
    rows.length === 0 ? 'No entries.\n' : table(header, rows),
    ...(isCut
      ? ['The task has more entries than these were looked for in; `airworthy audit export` has them all.\n']
      : []),
    ...(unsequenced === 0 ? [] : [`${unsequenced} newer ${unsequenced === 1 ? 'one has' : 'have'} no index yet.\n`]),
  ].join('')
}

function rowOf({ index, id, text }: StoredEntry): readonly string[] {
  const place = index === undefined ? '-' : `${index}`
  try {
    const entry = parseEntry(text)
    const reason = entry.outcome === undefined ? entry.reasons?.[0]?.code : undefined
    return [
      new Date(entry.timeMs).toISOString(),
      place,
      id,
      entry.kind,
      `${entry.actor.kind} ${entry.actor.id}`,
      entry.action ?? '',
      entry.object ?? '',
      `${entry.outcome ?? entry.decision ?? ''}${reason === undefined ? '' : ` ${reason}`}`,
      entry.task ?? '',
    ]
  } catch (error) {
    if (!(error instanceof AirworthyError)) throw error
    return ['', place, id, 'UNREADABLE: see audit verify']
  }
}

/** The entry in its own words, under its index; one that is no JSON any more has its id alone. */
function wireOf({ index, id, text }: StoredEntry): object {
  try {
    return { ...(valueOfJson(text) as object), index, id }
  } catch {
    return { index, id }
  }
}

function cut(cell: string): string {
  return cell.length <= cellMax ? cell : `${cell.slice(0, cellMax - 3)}...`
}

function kindOf(text: string): AuditEntryKind {
  const kind = auditEntryKinds.find((known) => known === text)
  if (kind !== undefined) return kind
  throw new RangeError(`--kind is one of ${auditEntryKinds.join(', ')}`)
}

function limitOf(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit
  throw new RangeError(`--limit is a number from 1 to ${limitMax}`)
}
