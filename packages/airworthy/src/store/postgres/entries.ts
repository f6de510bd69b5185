/** Audit entries on their way into an act. */
import { type EntryDraft, type SealedEntry, saltBytes, sealEntry } from '../../audit/seal-entry.ts'
import type { JsonObject } from '../../core/json.ts'
import { randomBytesPooled } from '../../core/random.ts'
import type { Cell, CellType } from './composite-array.ts'

/** What `append_entry` takes. */
export interface EntryParameter {
  readonly id: string
  readonly time_ms: number
  readonly task: string | undefined
  readonly text: string
  readonly leaf_hash: string
  readonly bodies: readonly { readonly name: string; readonly salt: string; readonly content: string }[]
}

/** Seals an entry with its bodies, each under a fresh salt. */
export function entryOf(draft: EntryDraft, bodies: Readonly<Record<string, JsonObject>> = {}): EntryParameter {
  return parameterOf(sealedOf(draft, bodies))
}

export function sealedOf(draft: EntryDraft, bodies: Readonly<Record<string, JsonObject>>): SealedEntry {
  const sealed = Object.keys(bodies).map((name) => ({
    name,
    salt: randomBytesPooled(saltBytes),
    content: JSON.stringify(bodies[name]).toWellFormed(),
  }))
  return sealEntry(draft, sealed)
}

/** Of what ends the row that a plain act takes. */
export const entryCellTypes: readonly CellType[] = ['text', 'bigint', 'text', 'bytea', 'text[]', 'bytea[]', 'text[]']

export function entryCells({ id, timeMs, text, leafHash, bodies }: SealedEntry): readonly Cell[] {
  return [
    id,
    timeMs,
    text,
    leafHash,
    bodies.map(({ name }) => name),
    bodies.map(({ salt }) => salt),
    bodies.map(({ content }) => content),
  ]
}

export function parameterOf({ id, timeMs, task, text, leafHash, bodies }: SealedEntry): EntryParameter {
  return {
    id,
    time_ms: timeMs,
    task,
    text,
    leaf_hash: hex(leafHash),
    bodies: bodies.map(({ name, salt, content }) => ({ name, salt: hex(salt), content })),
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
