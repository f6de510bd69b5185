/** Verification of an export as it comes from a file or a socket, in one pass. */
import { AirworthyError } from '../core/errors.ts'
import { parseExportLine } from './export.ts'
import { type LogVerification, LogVerifier, type VerifyOptions } from './verify-log.ts'

/** Bounds the memory of one line; a body is far smaller. */
const lineCharactersMax = 64 * 1024 * 1024

/**
 * Verifies an export offline.
 * @param chunks the export's text or UTF-8 bytes, cut anywhere (`createReadStream(path)`).
 * @returns what is wrong with the log, entry by entry, and in `notes` what could not have been seen. Memory does not grow with the log.
 * @throws AUDIT_EXPORT_INVALID, and for what was given along: NOTE_INVALID, NOTE_UNTRUSTED, CHECKPOINT_INVALID, AUDIT_KEY_INVALID.
 * @example const { ok, faults } = await verifyExport(createReadStream('log.jsonl'), { publicKey, since: [savedCheckpoint] })
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: VerifyOptions = {},
): Promise<LogVerification> {
  const verifier = new LogVerifier(options)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  for await (const chunk of chunks) {
    const text = rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      verifier.read(parseExportLine(text.slice(start, end)))
      start = end + 1
    }
    rest = text.slice(start)
    if (rest.length > lineCharactersMax) throw lineTooLong()
  }
  rest += decoder.decode()
  if (rest !== '') verifier.read(parseExportLine(rest))
  return verifier.finish()
}

function lineTooLong(): AirworthyError {
  return new AirworthyError({
    code: 'AUDIT_EXPORT_INVALID',
    message: `A line of the export is longer than ${lineCharactersMax} characters.`,
    mend: 'Give a file that `airworthy audit export` wrote.',
  })
}
