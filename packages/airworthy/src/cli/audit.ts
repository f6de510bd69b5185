/** `airworthy audit ls | verify | export | prove`: they read the log beside a running kit, or an export with nothing else at hand. */
import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { lsCommand } from './audit-ls.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { type KitFlags, storeOf } from './kit-access.ts'

interface Flags extends KitFlags {
  readonly json: boolean
}
const flags = { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag }

const verifyCommand = buildCommand<
  Flags & { since: string | undefined; key: string | undefined; witness: string | undefined },
  [string?],
  CliContext
>({
  docs: {
    brief: 'Verify the log, or an export of it, and name every fault',
    fullDescription:
      'Without FILE the log of this folder, or of --db, is read. What was done with the signing key, or cut from the end, shows only against a checkpoint that was saved elsewhere: give it with --since (a checkpoint, or an anchor file), or name a witness whose cosignatures the log carries with --witness.',
  },
  parameters: {
    flags: {
      ...flags,
      since: optionalText('A saved checkpoint, or an anchor file of them', 'CHECKPOINT'),
      key: optionalText("The log's public key (name+id+key), or a file with it", 'KEY'),
      witness: optionalText(
        "A witness's public key, or a file with it: what it cosigned counts as saved elsewhere",
        'KEY',
      ),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'An export', placeholder: 'FILE', parse: String, optional: true }],
    },
  },
  async func(given, file) {
    await runCommand(this, given.json, async () => {
      const [{ verifyExport }, { savedCheckpoints }] = await Promise.all([
        import('../audit/verify-export.ts'),
        import('../operate/anchors/saved-checkpoints.ts'),
      ])
      const since =
        given.since === undefined
          ? []
          : savedCheckpoints(readText(this, given.since, 'Give a file with a saved checkpoint, or an anchor file.'))
      const named = given.key === undefined ? undefined : keyText(this, given.key)
      const witnesses = given.witness === undefined ? [] : [keyText(this, given.witness)]
      const verification =
        file === undefined
          ? await withLog(this, given, async ({ log, cosignatures, ownKey, exportLog }) => {
              const publicKey = named ?? (await ownKey())
              const pieces = exportLog(log, { vkey: publicKey, bodies: true, cosignatures })
              return verifyExport(pieces, { publicKey, since, witnesses })
            })
          : await verifyExport(createReadStream(existingFile(this, file)), {
              ...(named === undefined ? {} : { publicKey: named }),
              since,
              witnesses,
            })
      // Who names a witness wants its word; a log without it is not what was asked for.
      const isUnwitnessed = witnesses.length > 0 && verification.witnessed === undefined
      if (given.json) printJson(this, verification)
      else {
        const { ok, size, faults, faultCount, notes } = verification
        this.stdout.write(
          `${ok ? 'The log verifies' : 'THE LOG DOES NOT VERIFY'}: ${size} ${size === 1 ? 'entry' : 'entries'}, ${faultCount} ${faultCount === 1 ? 'fault' : 'faults'}.\n`,
        )
        for (const { kind, index, lastIndex, message } of faults.slice(0, 50)) {
          this.stdout.write(
            `  ${kind} at ${index}${lastIndex === undefined ? '' : ` to ${lastIndex}`}: ${printable(message)}\n`,
          )
        }
        if (faults.length > 50) this.stdout.write(`  ... and ${faultCount - 50} more; --json lists up to 1,000\n`)
        for (const note of notes) this.stdout.write(`Note: ${printable(note)}\n`)
      }
      return verification.ok && !isUnwitnessed ? exitCodes.pass : exitCodes.fail
    })
  },
})

const exportCommand = buildCommand<Flags & { bodies: boolean; out: string | undefined }, [], CliContext>({
  docs: { brief: 'Write the log so that an outsider can verify it offline' },
  parameters: {
    flags: {
      ...flags,
      bodies: { kind: 'boolean', brief: 'With arguments and results, which may hold personal data', default: false },
      out: optionalText('File to write; default stdout', 'FILE'),
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      await withLog(this, given, async ({ log, cosignatures, ownKey, exportLog }) => {
        const vkey = await ownKey()
        const pieces = exportLog(log, { vkey, bodies: given.bodies, cosignatures })
        if (given.out === undefined) for await (const piece of pieces) this.stdout.write(piece)
        else await pipeline(pieces, createWriteStream(resolve(this.cwd, given.out), { mode: 0o600 }))
        this.stderr.write(`public key: ${vkey}\n`)
      })
      return exitCodes.pass
    })
  },
})

const proveCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: 'Print the proof that an entry is in the log (C2SP tlog-proof)' },
  parameters: {
    flags,
    positional: { kind: 'tuple', parameters: [{ brief: 'The entry', placeholder: 'ENTRY', parse: String }] },
  },
  async func(given, entry) {
    await runCommand(this, given.json, async () => {
      const { proveEntry } = await import('../operate/audit/prove-entry.ts')
      const proof = await withLog(this, given, ({ log }) => proveEntry(log, entry))
      if (given.json) printJson(this, { entry, proof })
      else this.stdout.write(proof)
      return exitCodes.pass
    })
  },
})

export const auditCommands = buildRouteMap({
  routes: { ls: lsCommand, verify: verifyCommand, export: exportCommand, prove: proveCommand },
  docs: { brief: 'The audit log: ls, verify, export, prove' },
})

interface OpenLog {
  readonly log: import('../store/store.ts').AuditLog
  readonly cosignatures: import('../operate/audit/port.ts').CosignatureReader
  /** The log's public key. @throws KEY_FILE_INVALID */
  readonly ownKey: () => Promise<string>
  readonly exportLog: typeof import('../operate/audit/export-log.ts').exportLog
}

/** Reads the folder's log; entries of other processes that no checkpoint covers yet are not in it. */
async function withLog<T>(context: CliContext, given: KitFlags, use: (open: OpenLog) => Promise<T>): Promise<T> {
  const [{ openStore }, { exportLog }, { readAuditKey }, { noteSigner }, { originOf }] = await Promise.all([
    import('../store/open-store.ts'),
    import('../operate/audit/export-log.ts'),
    import('../operate/keys/key-folder.ts'),
    import('../audit/note.ts'),
    import('../operate/audit/origin.ts'),
  ])
  const location = storeOf(context, given)
  const store = await openStore(location, { mayCreate: false })
  try {
    const ownKey = async (): Promise<string> =>
      noteSigner(await originOf(store.audit), readAuditKey(location.dir, context.env)).vkey
    return await use({ log: store.audit, cosignatures: store.cosignatures, ownKey, exportLog })
  } finally {
    await store.close()
  }
}

function existingFile(context: CliContext, path: string): string {
  const whole = resolve(context.cwd, path)
  if (statSync(whole, { throwIfNoEntry: false })?.isFile() === true) return whole
  throw new AirworthyError({
    code: 'AUDIT_EXPORT_INVALID',
    message: `${path} cannot be read: there is no such file.`,
    mend: 'Give a file that `airworthy audit export` wrote.',
  })
}

function readText(context: CliContext, path: string, mend: string): string {
  try {
    return readFileSync(resolve(context.cwd, path), 'utf8')
  } catch (cause) {
    throw new AirworthyError({ code: 'USAGE_INVALID', message: `${path} cannot be read.`, mend }, { cause })
  }
}

function keyText(context: CliContext, key: string): string {
  if (/^[^+\s]+\+[0-9a-f]{8}\+/.test(key)) return key
  return readText(context, key, 'Give a public key, which reads name+id+key, or a file with one.').trim()
}
