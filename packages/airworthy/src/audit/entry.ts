/**
 * The audit entry: who did what, to what, when, on whose word and with which decision. Its canonical JSON (RFC 8785) is the
 * leaf of the log, so it may hold nothing that somebody might later have to erase: arguments, results and other bodies live
 * apart, and the entry holds salted digests of them (seal-entry.ts).
 */
import type { ActionState, DataClass, Door, Effect } from '../core/action.ts'
import { canonicalJson } from '../core/canonical.ts'
import type { Decision, Reason } from '../core/decision.ts'
import type { Digest } from '../core/digest.ts'
import { AirworthyError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { AuditEntryKind } from './entry-kinds.ts'
import { entryBytesMax } from './tiles.ts'

export interface AuditEntry {
  /** Unique in the log. */
  readonly id: string
  /** Milliseconds since 1970; printed as RFC 3339 in UTC. */
  readonly timeMs: number
  readonly kind: AuditEntryKind
  /** Who acted. */
  readonly actor: AuditActor
  /** On whose behalf. */
  readonly principal?: AuditIdentity | undefined
  /** Who approved. */
  readonly approver?: AuditIdentity | undefined
  readonly agent?: string | undefined
  readonly release?: Digest | undefined
  readonly environment?: string | undefined
  readonly door?: Door | undefined
  readonly mode?: 'enforce' | 'observe' | undefined
  /** The tool, or the verb of what is not a tool. */
  readonly action?: string | undefined
  /** The id of what was acted on: an action, an approval, a key, a release. */
  readonly object?: string | undefined
  readonly effect?: Effect | undefined
  /** Digest of the tool's definition. */
  readonly definition?: Digest | undefined
  readonly task?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  readonly decision?: Decision['decision'] | undefined
  readonly reasons?: readonly Reason[] | undefined
  /** `file:line` of the policies that determined the decision, and the digest of the set they stand in. */
  readonly policies?: readonly string[] | undefined
  readonly policyDigest?: Digest | undefined
  readonly labels?: readonly DataClass[] | undefined
  /** JSON Pointers of arguments that came from an untrusted source. */
  readonly untrusted?: readonly string[] | undefined
  /** How the action ended. */
  readonly outcome?: ActionState | undefined
  /** Salted digests of the bodies, by name (`arguments`, `result`). */
  readonly bodies?: Readonly<Record<string, Digest>> | undefined
  /** What only this kind of entry says; small, and free of personal data. */
  readonly details?: JsonObject | undefined
}

export interface AuditIdentity {
  readonly id: string
  /** How the id was verified: `jwt`, `asserted_by_agent`, `operator_key`, `person_key`, ... */
  readonly verifiedBy: string
}
export interface AuditActor extends AuditIdentity {
  readonly kind: 'agent' | 'person' | 'operator' | 'kit' | 'ci'
}

/**
 * The canonical JSON of an entry. It is written by hand because a governed call prints two: this takes a quarter of the time of
 * the general printer, and a property keeps both equal. A lone surrogate, which has no UTF-8 form, becomes U+FFFD.
 * @throws AUDIT_ENTRY_INVALID when the text is over 65,535 bytes, the most that a tile's entry bundle can carry.
 */
export function printEntry(entry: AuditEntry): string {
  const { actor } = entry
  // One long expression: joining a list of parts takes twice as long.
  const text =
    `{${member('action', entry.action)}"actor":{"id":${quote(actor.id)},"kind":"${actor.kind}",` +
    `"verified_by":${quote(actor.verifiedBy)}},${member('agent', entry.agent)}${identity('approver', entry.approver)}` +
    `${entry.bodies === undefined ? '' : `"bodies":${printBodies(entry.bodies)},`}${member('decision', entry.decision)}` +
    `${member('definition', entry.definition)}` +
    `${entry.details === undefined ? '' : `"details":${canonicalJson(entry.details)},`}${member('door', entry.door)}` +
    `${member('effect', entry.effect)}${member('environment', entry.environment)}${member('id', entry.id)}` +
    `${member('kind', entry.kind)}${list('labels', entry.labels)}${member('mode', entry.mode)}` +
    `${member('object', entry.object)}${member('outcome', entry.outcome)}${list('policies', entry.policies)}` +
    `${member('policy_digest', entry.policyDigest)}${identity('principal', entry.principal)}` +
    `${entry.reasons === undefined ? '' : `"reasons":[${entry.reasons.map(printReason).join(',')}],`}` +
    `${member('release', entry.release)}${member('span_id', entry.spanId)}${member('task', entry.task)}` +
    `"time":"${new Date(entry.timeMs).toISOString()}",${member('trace_id', entry.traceId)}` +
    `${list('untrusted', entry.untrusted)}"v":1}`
  // A text of a third of the limit cannot exceed it in UTF-8, so most entries need no count.
  if (text.length * 3 > entryBytesMax && Buffer.byteLength(text) > entryBytesMax) {
    throw new AirworthyError({
      code: 'AUDIT_ENTRY_INVALID',
      message: `The audit entry ${entry.id} has ${Buffer.byteLength(text)} bytes; the limit is ${entryBytesMax}.`,
      mend: 'Put what is large into a body; the entry holds its digest.',
    })
  }
  return text
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `"${name}":${quote(value)},`
}

function count(name: string, value: number | undefined): string {
  return value === undefined ? '' : `"${name}":${JSON.stringify(value)},`
}

function list(name: string, values: readonly string[] | undefined): string {
  return values === undefined ? '' : `"${name}":[${values.map(quote).join(',')}],`
}

function identity(name: string, value: AuditIdentity | undefined): string {
  return value === undefined ? '' : `"${name}":{"id":${quote(value.id)},"verified_by":${quote(value.verifiedBy)}},`
}

function printBodies(bodies: Readonly<Record<string, Digest>>): string {
  const names = Object.keys(bodies).sort()
  return `{${names.map((name) => `${quote(name)}:${quote(bodies[name] as string)}`).join(',')}}`
}

function printReason(reason: Reason): string {
  const { code, limit, message, path, policies, used } = reason
  const members = `${member('code', code)}${count('limit', limit)}${member('message', message)}${member('path', path)}`
  return `{${`${members}${list('policies', policies)}${count('used', used)}`.slice(0, -1)}}`
}

/** Most texts of an entry are ids and digests, which JSON writes as they are. */
const plainText = /^[ !#-[\]-~]*$/

function quote(text: string): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed())
}
