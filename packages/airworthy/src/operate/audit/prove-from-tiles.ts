/** Proofs from the tiles of a published checkpoint: those that a proof needs are read first, then it is made of them. */
import type { NodeReader } from '../../audit/prove.ts'
import { nodesFromTiles, type TileAddress, tilesNeeded } from '../../audit/tiles.ts'
import { invariant } from '../../core/errors.ts'
import type { AuditReaderPort } from './port.ts'

/** @param prove  any proof at a size that a checkpoint covers. */
export async function proveFromTiles(
  port: Pick<AuditReaderPort, 'readTile'>,
  prove: (read: NodeReader) => Uint8Array[],
): Promise<Uint8Array[]> {
  const tiles = new Map<string, Uint8Array>()
  for (const address of tilesNeeded(prove)) {
    const hashes = await port.readTile(address)
    invariant(hashes !== undefined, `a published checkpoint needs tile ${keyOf(address)}`)
    tiles.set(keyOf(address), hashes)
  }
  return prove(nodesFromTiles((address) => tiles.get(keyOf(address)) as Uint8Array))
}

function keyOf({ level, n }: TileAddress): string {
  return `${level}/${n}`
}
