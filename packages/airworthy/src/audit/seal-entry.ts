/**
 * From what happened to what is stored: the entry's text and leaf hash, and its bodies apart, each under a salt of its own.
 * Without the salt a digest of something guessable (a phone number, "yes") would give it away after the body is erased; the
 * salt is therefore kept with the body and erased with it.
 */
import type { Digest } from '../core/digest.ts'
import { sha256Hex } from '../core/hash.ts'
import { type AuditEntry, printEntry } from './entry.ts'
import { leafHash } from './merkle.ts'

export const saltBytes = 16

/** What a store writes in one piece. */
export interface SealedEntry {
  readonly id: string
  readonly timeMs: number
  readonly task?: string | undefined
  /** Canonical JSON, at most 65,535 bytes. */
  readonly text: string
  /** 32 bytes. */
  readonly leafHash: Uint8Array
  readonly bodies: readonly AuditBody[]
}

/** A text that belongs to an entry and can be erased without it: arguments, a result. */
export interface AuditBody {
  readonly name: string
  readonly salt: Uint8Array
  readonly content: string
}

export type EntryDraft = Omit<AuditEntry, 'bodies'>

/**
 * Seals an entry with its bodies.
 * @param bodies as they will be stored, each with a fresh random salt of `saltBytes`.
 * @throws AUDIT_ENTRY_INVALID when the entry is over 65,535 bytes. Pure.
 * @example sealEntry(draft, [{ name: 'arguments', salt: randomBytes(saltBytes), content: '{"order":"o1"}' }])
 */
export function sealEntry(draft: EntryDraft, bodies: readonly AuditBody[] = []): SealedEntry {
  const digests = bodies.map(({ name, salt, content }): [string, Digest] => [name, bodyDigest(salt, content)])
  const text = printEntry(bodies.length === 0 ? draft : { ...draft, bodies: Object.fromEntries(digests) })
  const { id, timeMs, task } = draft
  return { id, timeMs, task, text, leafHash: leafHash(text), bodies }
}

/** SHA-256(salt || content): what the entry says of a body. */
export function bodyDigest(salt: Uint8Array, content: string): Digest {
  return `sha256:${sha256Hex(Buffer.concat([salt, Buffer.from(content)]))}`
}

/** What an erasure must leave in the log: which body of which entry. */
export function erasureDraft(
  erased: { readonly entryId: string; readonly body: string },
  draft: Pick<EntryDraft, 'id' | 'timeMs' | 'actor'> & { readonly why: string },
): EntryDraft {
  const { why, ...who } = draft
  return { ...who, kind: 'body-erased', object: erased.entryId, details: { body: erased.body, why } }
}
