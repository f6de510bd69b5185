/** One line more in a file of lines, synced to disk: whole, and never behind half a line. */
import { open } from 'node:fs/promises'

/**
 * O_APPEND and one write, so that lines of several kits never mix. Opened each time, so that the file may be moved away.
 * @throws what the file system says; part of the line may stand there then, and the next one begins a line of its own.
 */
export async function appendLine(path: string, line: string): Promise<void> {
  const handle = await open(path, 'a', 0o600)
  try {
    await handle.appendFile(`${(await isTorn(path)) ? '\n' : ''}${line}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** A crash or a full disk left half a line. What cannot be read is taken for whole. */
async function isTorn(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r')
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
