/** Reading an entry back from its canonical JSON. Kinds and members that a later version may add are kept out, not refused. */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../core/json.ts'
import type { AuditEntry } from './entry.ts'
import { entryBytesMax } from './tiles.ts'

/**
 * The entry that `printEntry` printed.
 * @throws AUDIT_ENTRY_INVALID when the text is not such an entry. Pure.
 */
export function parseEntry(text: string): AuditEntry {
  let value: JsonValue
  try {
    value = parseJson(text, { bytesMax: entryBytesMax })
  } catch (cause) {
    throw invalid('it is not JSON within the limits', cause)
  }
  if (!isJsonObject(value) || value.v !== 1) throw invalid('it is not an object of version 1')
  const timeMs = Date.parse(textOf(value, 'time') ?? '')
  const [id, kind, actor] = [textOf(value, 'id'), textOf(value, 'kind'), objectOf(value, 'actor')]
  if (id === undefined || kind === undefined || actor === undefined || Number.isNaN(timeMs)) {
    throw invalid('it lacks its id, time, kind or actor')
  }
  const fields: Record<string, unknown> = {
    id,
    timeMs,
    kind,
    actor: { id: textOf(actor, 'id'), kind: textOf(actor, 'kind'), verifiedBy: textOf(actor, 'verified_by') },
    principal: identityOf(value, 'principal'),
    approver: identityOf(value, 'approver'),
    agent: textOf(value, 'agent'),
    release: textOf(value, 'release'),
    environment: textOf(value, 'environment'),
    door: textOf(value, 'door'),
    mode: textOf(value, 'mode'),
    action: textOf(value, 'action'),
    object: textOf(value, 'object'),
    effect: textOf(value, 'effect'),
    definition: textOf(value, 'definition'),
    task: textOf(value, 'task'),
    traceId: textOf(value, 'trace_id'),
    spanId: textOf(value, 'span_id'),
    decision: textOf(value, 'decision'),
    reasons: listOf(value, 'reasons'),
    policies: listOf(value, 'policies'),
    policyDigest: textOf(value, 'policy_digest'),
    labels: listOf(value, 'labels'),
    untrusted: listOf(value, 'untrusted'),
    outcome: textOf(value, 'outcome'),
    bodies: objectOf(value, 'bodies'),
    details: objectOf(value, 'details'),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as unknown as AuditEntry
}

function textOf(value: JsonObject, name: string): string | undefined {
  const member = value[name]
  if (member !== undefined && typeof member !== 'string') throw invalid(`its "${name}" is not a text`)
  return member
}

function objectOf(value: JsonObject, name: string): JsonObject | undefined {
  const member = value[name]
  if (member !== undefined && !isJsonObject(member)) throw invalid(`its "${name}" is not an object`)
  return member
}

function listOf(value: JsonObject, name: string): readonly JsonValue[] | undefined {
  const member = value[name]
  if (member !== undefined && !Array.isArray(member)) throw invalid(`its "${name}" is not a list`)
  return member as readonly JsonValue[] | undefined
}

function identityOf(value: JsonObject, name: string): { id?: string; verifiedBy?: string } | undefined {
  const member = objectOf(value, name)
  if (member === undefined) return undefined
  const [id, verifiedBy] = [textOf(member, 'id'), textOf(member, 'verified_by')]
  if (id === undefined || verifiedBy === undefined) throw invalid(`its "${name}" lacks an id or how it was verified`)
  return { id, verifiedBy }
}

function invalid(why: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'AUDIT_ENTRY_INVALID',
      message: `The text is not an audit entry: ${why}.`,
      mend: 'Take the entry again from the log or its export, unchanged.',
    },
    { cause },
  )
}
