/**
 * The export of a log: JSON Lines that an outsider verifies with the public key alone, in one pass and little memory.
 *
 *   {"airworthy_audit_export":1,"origin":...,"vkey":...,"size":...,"bodies":...,"checkpoint":...}   first, once
 *   then for each 256 entries:
 *   {"checkpoint":"<signed note>"}                       checkpoints that end among these entries
 *   {"first":0,"hashes":"<base64>"}                      their leaf hashes, 32 bytes each: level-0 tile of the log
 *   {"index":0,"entry":{...}}                            an entry, byte for byte as it was hashed
 *   {"index":0,"body":"arguments","salt":"<base64>","content":"..."}     a body of the entry above, when bodies are exported
 *   {"index":0,"body":"arguments","erased":true}
 *   and last, when bodies are exported, erasures that no checkpoint covers yet:
 *   {"uncovered":{...}}
 *
 * The hashes stand apart from the entries, and the signed roots speak for the hashes: that is why a verifier can name the very
 * entry that was changed, removed, added or moved.
 */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { hashBytes } from './merkle.ts'

export interface ExportHeader {
  readonly kind: 'header'
  readonly origin: string
  readonly vkey: string
  readonly size: number
  /** Whether body lines follow. */
  readonly bodies: boolean
  /** The newest signed checkpoint; its size is `size`. */
  readonly checkpoint: string
}

export type ExportLine =
  | ExportHeader
  | { readonly kind: 'checkpoint'; readonly note: string }
  | { readonly kind: 'hashes'; readonly first: number; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'entry'; readonly index: number; readonly text: string }
  | {
      readonly kind: 'body'
      readonly index: number
      readonly name: string
      /** Undefined when it was erased. */
      readonly kept: { readonly salt: Uint8Array; readonly content: string } | undefined
    }
  | { readonly kind: 'uncovered'; readonly text: string }

/** One line, its line feed included. */
export function printExportLine(line: ExportLine): string {
  switch (line.kind) {
    case 'header': {
      const { origin, vkey, size, bodies, checkpoint } = line
      return `${JSON.stringify({ airworthy_audit_export: 1, origin, vkey, size, bodies, checkpoint })}\n`
    }
    case 'checkpoint':
      return `${JSON.stringify({ checkpoint: line.note })}\n`
    case 'hashes':
      return `{"first":${line.first},"hashes":"${toBase64(Buffer.concat(line.hashes))}"}\n`
    case 'entry':
      return `{"index":${line.index},"entry":${line.text}}\n`
    case 'body': {
      const { index, name, kept } = line
      const rest = kept === undefined ? { erased: true } : { salt: toBase64(kept.salt), content: kept.content }
      return `${JSON.stringify({ index, body: name, ...rest })}\n`
    }
    case 'uncovered':
      return `{"uncovered":${line.text}}\n`
  }
}

/** A line without its line feed; undefined when it is none of an export. */
export function parseExportLine(line: string): ExportLine | undefined {
  return parseEntryLine(line) ?? parseOtherLine(line)
}

/** Most lines are entries, and their text must be kept byte for byte: it is cut out, not parsed and printed again. */
function parseEntryLine(line: string): ExportLine | undefined {
  const match = /^\{"index":(0|[1-9][0-9]{0,15}),"entry":/.exec(line)
  if (match === null || !line.endsWith('}')) return undefined
  const index = Number(match[1])
  return Number.isSafeInteger(index) ? { kind: 'entry', index, text: line.slice(match[0].length, -1) } : undefined
}

function parseOtherLine(line: string): ExportLine | undefined {
  if (line.startsWith(uncoveredStart)) return { kind: 'uncovered', text: line.slice(uncoveredStart.length, -1) }
  const value = parseObject(line)
  if (value === undefined) return undefined
  const { first, hashes, checkpoint, index, body, salt, content, erased } = value
  if (value.airworthy_audit_export !== undefined) return parseHeader(value)
  if (typeof checkpoint === 'string') return { kind: 'checkpoint', note: checkpoint }
  if (isCount(first) && typeof hashes === 'string') {
    const bytes = fromBase64(hashes)
    if (bytes === undefined || bytes.length === 0 || bytes.length % hashBytes !== 0) return undefined
    return { kind: 'hashes', first, hashes: splitHashes(bytes) }
  }
  if (isCount(index) && typeof body === 'string') {
    if (erased === true) return { kind: 'body', index, name: body, kept: undefined }
    const saltBytes = typeof salt === 'string' ? fromBase64(salt) : undefined
    if (saltBytes === undefined || typeof content !== 'string') return undefined
    return { kind: 'body', index, name: body, kept: { salt: saltBytes, content } }
  }
  return undefined
}

const uncoveredStart = '{"uncovered":'

function parseHeader(value: JsonObject): ExportHeader {
  const { airworthy_audit_export: version, origin, vkey, size, bodies, checkpoint } = value
  const isComplete = typeof origin === 'string' && typeof vkey === 'string' && typeof checkpoint === 'string'
  if (version !== 1 || !isComplete || !isCount(size) || typeof bodies !== 'boolean') {
    throw new AirworthyError({
      code: 'AUDIT_EXPORT_INVALID',
      message: 'The first line of the export is not the header of a version that this verifier reads.',
      mend: 'Export the log again, or verify it with the version of airworthy that wrote it.',
    })
  }
  return { kind: 'header', origin, vkey, size, bodies, checkpoint }
}

/** The hashes of a tile, one by one. */
export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += hashBytes)
    hashes.push(bytes.subarray(offset, offset + hashBytes))
  return hashes
}

function parseObject(line: string): JsonObject | undefined {
  try {
    const value = valueOfJson(line)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
