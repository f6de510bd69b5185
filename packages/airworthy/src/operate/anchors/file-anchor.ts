/**
 * The append-only file: one checkpoint a line, as a JSON text. It protects as far as the kit's user cannot rewrite it (another
 * user's folder with `chattr +a`, a mount that only appends); a folder of the kit's own is refused.
 */
import { open, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type Anchor, anchorInvalid, anchorUnreachable } from './anchor.ts'

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
        // O_APPEND and one write: lines of several kits never mix. Opened each time, so that the file may be moved away.
        const handle = await open(file, 'a', 0o600)
        try {
          await handle.appendFile(`${(await isTorn(file)) ? '\n' : ''}${JSON.stringify(note)}\n`)
          await handle.datasync()
        } finally {
          await handle.close()
        }
      } catch (cause) {
        throw anchorUnreachable(name, `${path} cannot be written`, cause)
      }
    },
  }
}

/** A crash or a full disk left half a line, which must not spoil the next one. What cannot be read is taken for whole. */
async function isTorn(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
      return bytesRead === 1 && buffer[0] !== lineFeed
    } finally {
      await handle.close()
    }
  } catch {
    return false
  }
}

const lineFeed = 0x0a

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
