/** Credentials on PostgreSQL; only hashes are kept. */
import type { CredentialStore } from '../../operate/keys/port.ts'
import { type CredentialRow, credentialOfRow } from '../rows/credential-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresCredentialStore({ act, read }: PostgresConnection): CredentialStore {
  return {
    async createCredential({ record, hash, entry }) {
      await act('create_credential', { ...record, roles: JSON.stringify(record.roles), hash, entry: entryOf(entry) })
    },
    async credentialByHash(hash) {
      const [row] = await read<CredentialRow>('SELECT * FROM credentials WHERE hash = $1', [hash])
      return row === undefined ? undefined : credentialOfRow(row)
    },
    listCredentials: async () =>
      (await read<CredentialRow>('SELECT * FROM credentials ORDER BY created_ms, id COLLATE "C"')).map(credentialOfRow),
    revokeCredential: async ({ id, atMs, entry }) =>
      await act('revoke_credential', { id, atMs, entry: entryOf(entry) }),
  }
}
