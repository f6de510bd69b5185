/** What the log serves under its prefix (C2SP tlog-tiles): the checkpoint, hash tiles, entry bundles. */
import { withCosignatures } from '../../audit/cosignature.ts'
import { hashBytes } from '../../audit/merkle.ts'
import { encodeBundle, parseTilePath, type TileAddress, tileWidth, tileWidthAt } from '../../audit/tiles.ts'
import type { AuditReaderPort, CosignatureReader } from './port.ts'

export interface TileResource {
  readonly bytes: Uint8Array
  readonly contentType: 'text/plain; charset=utf-8' | 'application/octet-stream'
  /** False for the checkpoint alone, which may be cached for a few seconds at most. */
  readonly isImmutable: boolean
}

/**
 * A resource of the log by its path below the prefix: `checkpoint`, `tile/0/x001/234`, `tile/entries/000.p/17`. Undefined when
 * the published log has no such resource; a partial tile stays readable after it has grown.
 * @param cosignatures  those on the newest checkpoint are served below its signature.
 */
export async function readTile(
  port: AuditReaderPort,
  path: string,
  cosignatures?: CosignatureReader,
): Promise<TileResource | undefined> {
  const latest = await port.latestCheckpoint()
  if (latest === undefined) return undefined
  if (path === 'checkpoint') {
    const { size, note } = latest
    const lines = (await cosignatures?.readCosignatures({ after: size - 1, through: size })) ?? []
    return {
      bytes: new TextEncoder().encode(
        withCosignatures(
          note,
          lines.map(({ line }) => line),
        ),
      ),
      contentType: 'text/plain; charset=utf-8',
      isImmutable: false,
    }
  }
  const tile = parseTilePath(path)
  if (tile === undefined) return undefined
  const address = { level: tile.kind === 'hashes' ? tile.level : 0, n: tile.n }
  if (tileWidthAt(address, latest.size) < tile.width) return undefined
  const bytes =
    tile.kind === 'hashes' ? await hashTile(port, address, tile.width) : await bundle(port, tile.n, tile.width)
  return bytes === undefined ? undefined : { bytes, contentType: 'application/octet-stream', isImmutable: true }
}

async function hashTile(port: AuditReaderPort, address: TileAddress, width: number): Promise<Uint8Array | undefined> {
  return (await port.readTile(address))?.subarray(0, width * hashBytes)
}

async function bundle(port: AuditReaderPort, n: number, width: number): Promise<Uint8Array | undefined> {
  const entries = await port.readEntries(n * tileWidth, width)
  // An entry that is gone leaves no bundle at all: one that closed the gap would be a lie.
  return entries.length < width ? undefined : encodeBundle(entries.map(({ text }) => new TextEncoder().encode(text)))
}
