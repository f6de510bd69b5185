/** Replaces a file as a whole: whoever reads it sees the old text or the new one. */
import { renameSync, writeFileSync } from 'node:fs'

export function replaceFile(path: string, text: string): void {
  const aside = `${path}.${process.pid}.tmp`
  writeFileSync(aside, text)
  renameSync(aside, path)
}
