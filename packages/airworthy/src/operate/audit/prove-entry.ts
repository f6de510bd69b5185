/** Proof that an entry is in the log, as a text that other people's verifiers read (C2SP tlog-proof). */
import { inclusionProof } from '../../audit/prove.ts'
import { printTlogProof } from '../../audit/tlog-proof.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { AuditReaderPort } from './port.ts'
import { proveFromTiles } from './prove-from-tiles.ts'

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
  const proof = await proveFromTiles(port, (read) => inclusionProof(index, latest.size, read))
  const extra = new TextEncoder().encode(entry.text)
  return printTlogProof({ index: BigInt(index), proof, checkpoint: latest.note, extra })
}

function unknown(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'AUDIT_ENTRY_UNKNOWN', message, mend })
}
