/** Credentials on SQLite; only hashes are kept. */
import type { CredentialKind, CredentialRecord, CredentialStore } from '../../operate/keys/port.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteCredentialStore(db: SqliteDatabase, audit: AuditAppender): CredentialStore {
  const insert = db.prepare(
    'INSERT INTO credentials (id, kind, name, agent, principal, roles, hash, created_ms) VALUES (@id, @kind, @name, @agent, @principal, @roles, @hash, @createdMs)',
  )
  const byHash = db.prepare<[string], CredentialRow>('SELECT * FROM credentials WHERE hash = ?')
  const all = db.prepare<[], CredentialRow>('SELECT * FROM credentials ORDER BY created_ms, id')
  const revoke = db.prepare('UPDATE credentials SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL')

  const create = db.transaction(({ record, hash, entry }: Parameters<CredentialStore['createCredential']>[0]) => {
    insert.run({
      ...record,
      agent: record.agent ?? null,
      principal: record.principal ?? null,
      roles: JSON.stringify(record.roles),
      hash,
    })
    audit.append(entry)
  })
  const revokeOne = db.transaction(({ id, atMs, entry }: Parameters<CredentialStore['revokeCredential']>[0]) => {
    if (revoke.run(atMs, id).changes !== 1) return false
    audit.append(entry)
    return true
  })

  return {
    createCredential: (creation) => act(() => create.immediate(creation)),
    credentialByHash: (hash) =>
      act(() => {
        const row = byHash.get(hash)
        return row === undefined ? undefined : credentialOfRow(row)
      }),
    listCredentials: () => act(() => all.all().map(credentialOfRow)),
    revokeCredential: (revocation) => act(() => revokeOne.immediate(revocation)),
  }
}

interface CredentialRow {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  readonly agent: string | null
  readonly principal: string | null
  readonly roles: string
  readonly created_ms: number
  readonly revoked_ms: number | null
}

function credentialOfRow(row: CredentialRow): CredentialRecord {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    ...(row.agent === null ? {} : { agent: row.agent }),
    ...(row.principal === null ? {} : { principal: row.principal }),
    roles: JSON.parse(row.roles),
    createdMs: row.created_ms,
    ...(row.revoked_ms === null ? {} : { revokedMs: row.revoked_ms }),
  }
}
