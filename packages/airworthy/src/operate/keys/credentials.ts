/** Credentials: random keys of which only the SHA-256 is kept. A key has 192 bits, so a fast hash is enough. */
import { randomBytes } from 'node:crypto'
import type { AuditActor } from '../../audit/entry.ts'
import { AirworthyError } from '../../core/errors.ts'
import { sha256Hex } from '../../core/hash.ts'
import { generateSigningKey, seedOf } from '../../core/signature.ts'
import { ciKeyPrefix, ciNamePrefix } from './ci-key.ts'
import type { CredentialKind, CredentialRecord, CredentialStore } from './port.ts'

export interface NewCredential {
  readonly kind: CredentialKind
  readonly name: string
  readonly roles: readonly string[]
  readonly agent?: string
  /** For a person: who they are to the agents, so that nobody approves what runs on their own behalf. */
  readonly principal?: string
}

const prefixes: Record<Exclude<CredentialKind, 'ci'>, string> = {
  agent: 'awa_',
  operator: 'awo_',
  person: 'awp_',
  auditor: 'awu_',
}
const nameForm = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,127}$/u

/** What identity providers call people differs widely. */
const principalForm = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u

/** @returns the record and the key, which is shown this once. @throws KEY_INVALID */
export async function createCredential(
  store: CredentialStore,
  request: NewCredential,
  by: { readonly actor: AuditActor; readonly atMs: number; readonly newId: (prefix: 'key' | 'ent') => string },
): Promise<{ readonly record: CredentialRecord; readonly key: string }> {
  if (!nameForm.test(request.name)) throw invalid('A name has 1 to 128 letters, digits, spaces and any of . _ @ + -.')
  if (request.roles.some((role) => !nameForm.test(role))) throw invalid('A role has the form of a name.')
  if (request.kind === 'agent' && request.agent === undefined)
    throw invalid('An agent key belongs to one agent; name it with --agent.')
  if (request.principal !== undefined && (request.kind !== 'person' || !principalForm.test(request.principal)))
    throw invalid('A principal belongs to the key of a person; it has 1 to 256 characters and none of control.')
  const { key, named } = request.kind === 'ci' ? ciKey() : secretKey(prefixes[request.kind])
  const record: CredentialRecord = {
    id: by.newId('key'),
    kind: request.kind,
    name: request.name,
    roles: request.roles,
    ...(request.agent === undefined ? {} : { agent: request.agent }),
    ...(request.principal === undefined ? {} : { principal: request.principal }),
    createdMs: by.atMs,
  }
  await store.createCredential({
    record,
    hash: sha256Hex(named),
    entry: {
      id: by.newId('ent'),
      timeMs: by.atMs,
      kind: 'key-created',
      actor: by.actor,
      object: record.id,
      details: {
        kind: record.kind,
        name: record.name,
        roles: record.roles,
        ...(record.principal === undefined ? {} : { principal: record.principal }),
      },
    },
  })
  return { record, key }
}

function secretKey(prefix: string): { readonly key: string; readonly named: string } {
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  return { key, named: key }
}

/** CI signs with the private half, which the kit never sees again; what it sends to say who it is, is the public one. */
function ciKey(): { readonly key: string; readonly named: string } {
  const pair = generateSigningKey()
  return {
    key: `${ciKeyPrefix}${Buffer.from(seedOf(pair)).toString('base64url')}`,
    named: `${ciNamePrefix}${Buffer.from(pair.publicKeyRaw).toString('base64url')}`,
  }
}

/** @throws KEY_UNKNOWN */
export async function revokeCredential(
  store: CredentialStore,
  id: string,
  by: { readonly actor: AuditActor; readonly atMs: number; readonly newId: (prefix: 'ent') => string },
): Promise<void> {
  const revoked = await store.revokeCredential({
    id,
    atMs: by.atMs,
    entry: { id: by.newId('ent'), timeMs: by.atMs, kind: 'key-revoked', actor: by.actor, object: id },
  })
  if (revoked) return
  throw new AirworthyError({
    code: 'KEY_UNKNOWN',
    message: `There is no active key ${id.slice(0, 64)}.`,
    mend: 'List them with `airworthy keys ls`.',
  })
}

/** The live credential of a key, or undefined: unknown and revoked look the same to the caller. */
export function credentialOf(store: CredentialStore, key: string): Promise<CredentialRecord | undefined> {
  return credentialOfHash(store, sha256Hex(key))
}

/** @param hash  SHA-256 of the key, in hexadecimal digits. */
export async function credentialOfHash(store: CredentialStore, hash: string): Promise<CredentialRecord | undefined> {
  const record = await store.credentialByHash(hash)
  return record === undefined || record.revokedMs !== undefined ? undefined : record
}

function invalid(message: string): AirworthyError {
  return new AirworthyError({
    code: 'KEY_INVALID',
    message,
    mend: 'Correct the call; see `airworthy keys create --help`.',
  })
}
