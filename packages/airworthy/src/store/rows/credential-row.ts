/** Credentials as rows. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { CredentialKind, CredentialRecord } from '../../operate/keys/port.ts'

export interface CredentialRow {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  readonly agent: string | null
  readonly principal: string | null
  readonly roles: string
  readonly created_ms: number
  readonly revoked_ms: number | null
}

export function credentialOfRow(row: CredentialRow): CredentialRecord {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    ...(row.agent === null ? {} : { agent: row.agent }),
    ...(row.principal === null ? {} : { principal: row.principal }),
    roles: valueOfJson(row.roles) as readonly string[],
    createdMs: row.created_ms,
    ...(row.revoked_ms === null ? {} : { revokedMs: row.revoked_ms }),
  }
}
