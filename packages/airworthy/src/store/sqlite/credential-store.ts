/** Credentials on SQLite; only hashes are kept. */
import type { CredentialStore } from '../../operate/keys/port.ts'
import { type CredentialRow, credentialOfRow } from '../rows/credential-row.ts'
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
