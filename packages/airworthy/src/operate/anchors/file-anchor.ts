/**
 * The append-only file: one checkpoint a line, as a JSON text. It protects as far as the kit's user cannot rewrite it (another
 * user's folder with `chattr +a`, a mount that only appends); a folder of the kit's own is refused.
 */
import { realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type Anchor, anchorInvalid, anchorUnreachable } from './anchor.ts'
import { appendLine } from './append-line.ts'

export interface FileAnchorOptions {
  readonly name: string
  readonly path: string
  /** The kit's own folder (`.airworthy`). */
  readonly kitFolder: string
}

/** @throws ANCHOR_INVALID when the file would lie in the kit's own folder, links followed, or its folder does not exist. */
export async function fileAnchor({ name, path, kitFolder }: FileAnchorOptions): Promise<Anchor> {
  const folder = await realpath(dirname(resolve(path))).catch(() => {
    throw anchorInvalid(
      name,
      `the folder of ${path} does not exist`,
      'Create it, for a user that the kit does not run as.',
    )
  })
  const file = join(folder, basename(path))
  const own = await realpath(kitFolder).catch(() => resolve(kitFolder))
  const target = await realpath(file).catch(() => file)
  if (isInside(target, own) || isInside(file, own)) {
    throw anchorInvalid(name, `${path} lies in the kit's own folder`, 'Choose a file that the kit cannot rewrite.')
  }
  return {
    name,
    async deliver(note) {
      try {
        await appendLine(file, JSON.stringify(note))
      } catch (cause) {
        throw anchorUnreachable(name, `${path} cannot be written`, cause)
      }
    },
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
