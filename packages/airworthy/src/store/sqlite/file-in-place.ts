/**
 * A file that was deleted, moved or replaced under a kit that runs still takes what is written to it, and nobody will ever read that: not
 * the auditor, not the command that kills. So whoever is about to let something happen asks first. A question costs about a microsecond.
 * A file that is overwritten where it stands is not noticed.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { AirworthyError } from '../../core/errors.ts'
import { databaseFile } from './open.ts'

/**
 * @param dir the kit's folder, whose ledger is open, or `:memory:`.
 * @returns a question that throws STORE_UNAVAILABLE once another file, or none, stands where the opened one stood.
 */
export function fileInPlace(dir: string): () => void {
  if (dir === ':memory:') return () => {}
  const path = join(dir, databaseFile)
  const opened = inodeOf(path)
  return () => {
    if (opened !== undefined && inodeOf(path) === opened) return
    throw new AirworthyError({
      code: 'STORE_UNAVAILABLE',
      message: `The database ${path} was deleted, moved or replaced while the kit runs.`,
      mend: 'Stop the kit, put the folder back as it was, and start it again; nothing is executed until then.',
    })
  }
}

/** Undefined: nothing stands there that could be looked at. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino
  } catch {
    return undefined
  }
}
