/** A key's record as the API tells it. */
import type { WireKey } from '../../contract/key.ts'
import type { CredentialRecord } from '../../operate/keys/port.ts'

export function wireOfKey(record: CredentialRecord): WireKey {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    roles: record.roles,
    ...(record.agent === undefined ? {} : { agent: record.agent }),
    ...(record.principal === undefined ? {} : { principal: record.principal }),
    created_ms: record.createdMs,
    ...(record.revokedMs === undefined ? {} : { revoked_ms: record.revokedMs }),
  }
}
