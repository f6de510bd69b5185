/** Proof that an entry is in the log, as a text that other people's verifiers read (C2SP tlog-proof). */
import { inclusionProof } from '../../audit/prove.ts'
import { nodesFromTiles, type TileAddress, tilesNeeded } from '../../audit/tiles.ts'
import { printTlogProof } from '../../audit/tlog-proof.ts'
import { AirworthyError, invariant } from '../../core/errors.ts'
import type { AuditReaderPort } from './port.ts'

/**
 * The `.tlog-proof` of an entry under the newest checkpoint; its `extra` line carries the entry itself.
 * @throws AUDIT_ENTRY_UNKNOWN when there is no such entry, or no checkpoint covers it yet.
 */
export async function proveEntry(port: AuditReaderPort, entryId: string): Promise<string> {
  const [entry, latest] = [await port.entryById(entryId), await port.latestCheckpoint()]
  if (entry === undefined)
    throw unknown(`The audit log has no entry ${entryId}.`, 'Look for it with `airworthy audit export`.')
  const { index } = entry
  if (index === undefined || latest === undefined || index >= latest.size) {
    throw unknown(`No checkpoint covers the entry ${entryId} yet.`, 'Try again in a second, while the kit runs.')
  }
  const prove = (read: Parameters<typeof inclusionProof>[2]) => inclusionProof(index, latest.size, read)
  const tiles = new Map<string, Uint8Array>()
  for (const address of tilesNeeded(prove)) {
    const hashes = await port.readTile(address)
    invariant(hashes !== undefined, `a published checkpoint needs tile ${keyOf(address)}`)
    tiles.set(keyOf(address), hashes)
  }
  const proof = prove(nodesFromTiles((address) => tiles.get(keyOf(address)) as Uint8Array))
  const extra = new TextEncoder().encode(entry.text)
  return printTlogProof({ index: BigInt(index), proof, checkpoint: latest.note, extra })
}

function keyOf({ level, n }: TileAddress): string {
  return `${level}/${n}`
}

function unknown(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'AUDIT_ENTRY_UNKNOWN', message, mend })
}
