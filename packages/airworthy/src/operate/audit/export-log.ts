/** The log as an export (audit/export.ts), a piece at a time; entries that are appended meanwhile are left to the next one. */

import { withCosignatures } from '../../audit/cosignature.ts'
import { type ExportLine, printExportLine, splitHashes } from '../../audit/export.ts'
import { tileWidth, tileWidthAt } from '../../audit/tiles.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { StoredCheckpoint } from '../sequencer/port.ts'
import type { AuditReaderPort, CosignatureReader } from './port.ts'

export interface ExportOptions {
  /** The log's public key; its name is the origin. */
  readonly vkey: string
  /** With the bodies, which may hold personal data; they are left out unless asked for. */
  readonly bodies?: boolean
  /** What witnesses said; it stands on the checkpoints. */
  readonly cosignatures?: CosignatureReader
}

/**
 * More checkpoints would not find more, they only narrow down where hashes were rewritten, and each costs a verifier 0.1 ms. A
 * log of up to this many has them all in its export; a longer one has at least one for each 256 entries that were signed apart.
 */
const checkpointsMax = 4096

/** A running kit covers an entry within half a second; more than this piles up only while none runs. */
const uncoveredErasuresMax = 10_000

/**
 * Yields the export as text, about one piece for each 256 entries.
 * @throws AUDIT_ENTRY_UNKNOWN when the log was never started.
 */
export async function* exportLog(port: AuditReaderPort, options: ExportOptions): AsyncGenerator<string> {
  const { vkey, bodies = false, cosignatures } = options
  const latest = await port.latestCheckpoint()
  if (latest === undefined) throw neverStarted()
  const { size } = latest
  const [newest] = await cosigned(cosignatures, [latest])
  const checkpoint = newest?.note ?? latest.note
  const origin = vkey.slice(0, vkey.indexOf('+'))
  yield printExportLine({ kind: 'header', origin, vkey, size, bodies, checkpoint })
  const checkpointsInBlockMax = Math.max(1, Math.floor(checkpointsMax / Math.ceil(size / tileWidth || 1)))
  for (let first = 0; first < size; first += tileWidth) {
    const end = Math.min(first + tileWidth, size)
    const checkpoints = await cosigned(cosignatures, await port.readCheckpoints({ after: first, through: end }))
    const lines: ExportLine[] = thinned(checkpoints, checkpointsInBlockMax).map(({ note }) => ({
      kind: 'checkpoint',
      note,
    }))
    lines.push(...(await hashesLine(port, first, size)), ...(await entryLines(port, first, end, bodies)))
    yield lines.map(printExportLine).join('')
  }
  if (!bodies) return
  // A body may be gone already while no checkpoint covers its erasure: without these lines that would look like tampering.
  const erasures = await port.readErasuresAfter(size, uncoveredErasuresMax)
  yield erasures.map(({ text }) => printExportLine({ kind: 'uncovered', text })).join('')
}

async function hashesLine(port: AuditReaderPort, first: number, size: number): Promise<ExportLine[]> {
  const address = { level: 0, n: first / tileWidth }
  const width = tileWidthAt(address, size)
  let hashes: readonly Uint8Array[] = splitHashes((await port.readTile(address)) ?? new Uint8Array(0)).slice(0, width)
  // A lost tile is no lost evidence: the same hashes stand beside the entries, and the signed root speaks for either.
  if (hashes.length < width) hashes = await port.readLeafHashes(first, width)
  return hashes.length === 0 ? [] : [{ kind: 'hashes', first, hashes }]
}

async function entryLines(
  port: AuditReaderPort,
  first: number,
  end: number,
  withBodies: boolean,
): Promise<ExportLine[]> {
  const entries = await port.readEntries(first, end - first)
  const bodies = withBodies ? await port.readBodies(first, end) : []
  const bodiesByIndex = Map.groupBy(bodies, ({ index }) => index)
  return entries.flatMap(({ index = first, text }): ExportLine[] => [
    { kind: 'entry', index, text },
    ...(bodiesByIndex.get(index) ?? []).map(({ name, kept }): ExportLine => ({ kind: 'body', index, name, kept })),
  ])
}

interface CosignedCheckpoint extends StoredCheckpoint {
  readonly isCosigned: boolean
}

/** The same checkpoints with the cosignatures that they have. */
async function cosigned(
  reader: CosignatureReader | undefined,
  checkpoints: readonly StoredCheckpoint[],
): Promise<readonly CosignedCheckpoint[]> {
  const [first, last] = [checkpoints[0], checkpoints.at(-1)]
  if (first === undefined || last === undefined) return []
  const lines = (await reader?.readCosignatures({ after: first.size - 1, through: last.size })) ?? []
  const bySize = Map.groupBy(lines, ({ size }) => size)
  return checkpoints.map(({ size, note }) => {
    const own = bySize.get(size) ?? []
    return {
      size,
      note: withCosignatures(
        note,
        own.map(({ line }) => line),
      ),
      isCosigned: own.length > 0,
    }
  })
}

/** Evenly spaced; the last one, and the last that a witness cosigned, always among them. */
function thinned(checkpoints: readonly CosignedCheckpoint[], max: number): readonly CosignedCheckpoint[] {
  const stride = Math.ceil(checkpoints.length / max)
  const cosignedLast = checkpoints.findLastIndex(({ isCosigned }) => isCosigned)
  return checkpoints.filter(
    (_, position) => (checkpoints.length - 1 - position) % stride === 0 || position === cosignedLast,
  )
}

function neverStarted(): AirworthyError {
  return new AirworthyError({
    code: 'AUDIT_ENTRY_UNKNOWN',
    message: 'The audit log has no checkpoint yet, so there is nothing that an outsider could verify.',
    mend: 'Start the kit once with `airworthy up`.',
  })
}
