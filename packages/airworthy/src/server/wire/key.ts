/** A key's record as the API tells it, and back, for a command that asks a running kit. */
import type { WireKey } from '../../contract/key.ts'
import type { CredentialRecord } from '../../operate/keys/port.ts'

export function wireOfKey(record: CredentialRecord): WireKey {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    roles: record.roles,
    ...(record.agent === undefined ? {} : { agent: record.agent }),
    created_ms: record.createdMs,
    ...(record.revokedMs === undefined ? {} : { revoked_ms: record.revokedMs }),
  }
}

export function keyOfWire(wire: WireKey): CredentialRecord {
  return {
    id: wire.id,
    kind: wire.kind,
    name: wire.name,
    roles: wire.roles,
    ...(wire.agent === undefined ? {} : { agent: wire.agent }),
    createdMs: wire.created_ms,
    ...(wire.revoked_ms === undefined ? {} : { revokedMs: wire.revoked_ms }),
  }
}
