/** The audit log for those who verify it: checkpoint, tiles, public key, export (C2SP tlog-tiles). */
import { AirworthyError } from '../../core/errors.ts'
import { exportLog } from '../../operate/audit/export-log.ts'
import { readTile } from '../../operate/audit/read-tile.ts'
import { type Asked, textAnswer } from '../route.ts'

export async function checkpoint(asked: Asked<unknown, unknown>): Promise<Response> {
  return await resource(asked, 'checkpoint')
}

export async function tile(asked: Asked<unknown, unknown>): Promise<Response> {
  return await resource(asked, `tile/${asked.params['*'] ?? ''}`)
}

export async function vkey({ server }: Asked<unknown, unknown>): Promise<Response> {
  return textAnswer(`${server.kit.vkey}\n`)
}

/** Streams; a fault in the middle cuts the stream, and an export that is cut does not verify. */
export async function exportAudit(asked: Asked<unknown, { bodies?: 'true' | 'false' | undefined }>): Promise<Response> {
  const { server, query, request } = asked
  const { kit } = server
  const pieces = exportLog(kit.store.audit, {
    vkey: kit.vkey,
    bodies: query.bodies === 'true',
    cosignatures: kit.store.cosignatures,
  })
  // The first piece is asked for before the answer begins, so that a log that never started is an error and not an empty file.
  const first = await pieces.next()
  const encoder = new TextEncoder()
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (first.done !== true) yield encoder.encode(first.value)
    for await (const piece of pieces) {
      if (request.signal.aborted) throw request.signal.reason
      yield encoder.encode(piece)
    }
  }
  return new Response(ReadableStream.from(bytes()), { headers: { 'content-type': 'application/x-ndjson' } })
}

async function resource({ server }: Asked<unknown, unknown>, path: string): Promise<Response> {
  const { audit, cosignatures } = server.kit.store
  const found = await readTile(audit, path, cosignatures)
  if (found === undefined) {
    throw new AirworthyError({
      code: 'AUDIT_ENTRY_UNKNOWN',
      message: 'The published log has no such resource.',
      mend: 'Read /audit/checkpoint for its size; partial tiles end in .p/<width>.',
    })
  }
  const headers = new Headers({ 'content-type': found.contentType })
  if (found.isImmutable) headers.set('cache-control', 'private, max-age=31536000, immutable')
  return new Response(found.bytes as Uint8Array<ArrayBuffer>, { headers })
}
