/** A task's cassette: of a trial as it was kept, of any other task joined from what gateways recorded. */
import { gunzipSync } from 'node:zlib'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { type Cassette, unpackCassette } from '../../evals/cassette/cassette.ts'
import { joinRecording, type RecordingPart, type RecordingPiece } from '../../evals/cassette/join-recording.ts'
import type { EvalStore } from '../../evals/port.ts'
import type { GuardStore } from '../../guard/port.ts'
import type { AuditReaderPort } from '../audit/port.ts'
import type { RecordingStore, StoredPart, StoredPiece } from './port.ts'

export interface CassetteStores {
  readonly evals: Pick<EvalStore, 'readCassette'>
  readonly recordings: Pick<RecordingStore, 'readRecording'>
  readonly guard: Pick<GuardStore, 'readTask'>
  readonly audit: Pick<AuditReaderPort, 'entriesOfTask' | 'readBody'>
}

/** Far more than one exchange may have. */
const pieceBytesMax = 16 * 1024 * 1024
const entriesMax = 5_000

/** Undefined: nothing of it is on record. */
export async function readCassette(stores: CassetteStores, task: string): Promise<Cassette | undefined> {
  const packed = await stores.evals.readCassette(task)
  if (packed !== undefined) return unpackCassette(packed)
  const recording = await stores.recordings.readRecording(task)
  const record = await stores.guard.readTask(task, Number.MAX_SAFE_INTEGER)
  if (recording === undefined || record === undefined) return undefined
  const { id, attributes } = record.principal
  const said = await inputOfTask(stores.audit, task)
  return joinRecording({
    task,
    agent: record.agent,
    release: record.release,
    given: { principal: { id, attributes }, ...givenOf(said) },
    parts: recording.parts.map(partOf),
    pieces: recording.pieces.map(pieceOf),
    acts: recording.acts,
  })
}

/** What the task was opened with; undefined: nobody said, or it is erased. */
export async function inputOfTask(audit: CassetteStores['audit'], task: string): Promise<JsonValue | undefined> {
  for (const { text } of await audit.entriesOfTask(task, entriesMax)) {
    const entry = valueOfJson(text) as { readonly id: string; readonly kind: string }
    if (entry.kind !== 'task-opened') continue
    const body = await audit.readBody(entry.id, 'input')
    return body?.kept === undefined ? undefined : (valueOfJson(body.kept.content) as { input?: JsonValue }).input
  }
  return undefined
}

/** Words in order are turns; whatever else an opener sends is what it is as JSON. */
export function givenOf(input: JsonValue | undefined): { readonly input?: string; readonly turns?: readonly string[] } {
  if (input === undefined) return {}
  if (Array.isArray(input) && input.length > 0 && input.every((one) => typeof one === 'string')) return { turns: input }
  return { input: typeof input === 'string' ? input : JSON.stringify(input) }
}

function partOf({ part, begun, isOpen, atMs, about }: StoredPart): RecordingPart {
  const { hiding, reply } = valueOfJson(about) as Pick<RecordingPart, 'hiding' | 'reply'>
  return { part, begun, isOpen, lastMs: atMs, hiding, ...(reply === undefined ? {} : { reply }) }
}

function pieceOf({ part, n, body }: StoredPiece): RecordingPiece {
  const value: unknown = valueOfJson(gunzipSync(body, { maxOutputLength: pieceBytesMax }).toString('utf8'))
  if (!isJsonObject(value as JsonValue)) throw new Error('it is no piece of a recording of this version')
  return { ...(value as Omit<RecordingPiece, 'part' | 'n'>), part, n }
}
