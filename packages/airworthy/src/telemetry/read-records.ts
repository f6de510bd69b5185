/** One text, many records: a JSON array, one JSON object, or JSON Lines. A record that is no JSON is named and left out. */
import { isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { Unread } from './recorded-run.ts'

export interface FileRecord {
  /** Where it stands: `line 3`, `[2]`, or empty for a text that is one record. */
  readonly where: string
  readonly value: JsonObject
}

export interface FileRecords {
  readonly records: readonly FileRecord[]
  readonly unread: readonly Unread[]
}

type Parse = (text: string) => JsonValue

export interface ReadRecordsOptions {
  /** Replaces `valueOfJson` where a format needs its numbers exactly. */
  readonly parse?: Parse
  /** Why a record is refused. Default: `jsonFault`; a format whose records hold many things looks at each by itself. */
  readonly faultOf?: (record: JsonValue) => string | undefined
}

/** Never throws. */
export function readRecords(text: string, options: ReadRecordsOptions = {}): FileRecords {
  const { parse = (part) => valueOfJson(part) as JsonValue, faultOf = jsonFault } = options
  const { records, unread } = splitRecords(text, parse)
  const fit: FileRecord[] = []
  const unfit: Unread[] = []
  for (const record of records) {
    const fault = faultOf(record.value)
    if (fault === undefined) fit.push(record)
    else unfit.push({ where: record.where || 'the text', why: fault.slice(0, 300) })
  }
  return { records: fit, unread: [...unread, ...unfit] }
}

function splitRecords(text: string, parse: Parse): FileRecords {
  const whole = parsed(text.replace(/^\uFEFF/, ''), parse)
  if ('value' in whole) {
    if (!Array.isArray(whole.value)) return sorted([{ where: '', value: whole.value }])
    return sorted((whole.value as readonly JsonValue[]).map((value, index) => ({ where: `[${index}]`, value })))
  }
  if (text.trim() === '') return { records: [], unread: [{ where: 'the text', why: 'it is empty' }] }
  const lines = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const one = parsed(line, parse)
    return [{ where: `line ${index + 1}`, ...('value' in one ? { value: one.value } : { why: one.why }) }]
  })
  // A broken document of many lines is one fault, not one a line.
  if (lines.every((line) => !('value' in line) || !isJsonObject(line.value)) && /^\s*[[{]/.test(text)) {
    return { records: [], unread: [{ where: 'the text', why: whole.why }] }
  }
  return sorted(lines)
}

function parsed(text: string, parse: Parse): { readonly value: JsonValue } | { readonly why: string } {
  try {
    return { value: parse(text) }
  } catch {
    // The parser's own words quote the text, which may be anything.
    return { why: 'it is not well-formed JSON' }
  }
}

function sorted(
  found: readonly ({ readonly where: string } & ({ readonly value: JsonValue } | { readonly why: string }))[],
): FileRecords {
  const records: FileRecord[] = []
  const unread: Unread[] = []
  for (const one of found) {
    if ('why' in one) {
      unread.push(one)
      continue
    }
    if (isJsonObject(one.value)) records.push({ where: one.where, value: one.value })
    else unread.push({ where: one.where || 'the text', why: 'it is not a JSON object' })
  }
  return { records, unread }
}
