import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../core/canonical.ts'
import { reasonCodes } from '../core/decision.ts'
import { sha256Hex } from '../core/hash.ts'
import type { JsonValue } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { type AuditEntry, printEntry } from './entry.ts'
import { auditEntryKinds } from './entry-kinds.ts'
import { leafHash } from './merkle.ts'
import { parseEntry } from './parse-entry.ts'
import { bodyDigest, sealEntry } from './seal-entry.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 })
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `sha256:${sha256Hex(bytes)}` as const)
const identity = fc.record({ id: text, verifiedBy: text })
const reason = fc.record(
  {
    code: fc.constantFrom(...reasonCodes),
    message: text,
    policies: fc.array(text, { maxLength: 3 }),
    path: text,
    limit: fc.integer(),
    used: fc.integer(),
  },
  { requiredKeys: ['code', 'message'] },
)
const entry: fc.Arbitrary<AuditEntry> = fc.record(
  {
    id: text,
    timeMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    kind: fc.constantFrom(...auditEntryKinds),
    actor: fc.record({ kind: fc.constantFrom('agent', 'person', 'operator', 'kit', 'ci'), id: text, verifiedBy: text }),
    principal: identity,
    approver: identity,
    agent: text,
    release: digest,
    environment: text,
    door: fc.constantFrom('mcp', 'api', 'embedded', 'probe', 'approval'),
    mode: fc.constantFrom('enforce', 'observe'),
    action: text,
    object: text,
    effect: fc.constantFrom('read', 'write', 'irreversible'),
    definition: digest,
    task: text,
    traceId: text,
    spanId: text,
    decision: fc.constantFrom('allow', 'deny', 'confirm'),
    reasons: fc.array(reason, { maxLength: 3 }),
    policies: fc.array(text, { maxLength: 3 }),
    policyDigest: digest,
    labels: fc.array(fc.constantFrom('pii', 'secret', 'regulated'), { maxLength: 3 }),
    untrusted: fc.array(text, { maxLength: 3 }),
    outcome: fc.constantFrom('succeeded', 'failed', 'ambiguous'),
    bodies: fc.dictionary(text, digest, { maxKeys: 3, noNullPrototype: true }),
    details: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 3, noNullPrototype: true }),
  },
  { requiredKeys: ['id', 'timeMs', 'kind', 'actor'] },
)

describe('audit entries', () => {
  it('are printed as canonical JSON (RFC 8785)', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const printed = printEntry(value)
        expect(canonicalJson(valueOfJson(printed) as JsonValue)).toBe(printed)
      }),
    )
  })

  it('what is printed parses back', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const hasPrototypeKey = [value.bodies, value.details].some((part) =>
          Object.keys(part ?? {}).some((key) => ['__proto__', 'constructor', 'prototype'].includes(key)),
        )
        fc.pre(!hasPrototypeKey)
        expect(parseEntry(printEntry(value))).toEqual(value)
      }),
    )
  })

  const small: AuditEntry = {
    id: 'ent_1',
    timeMs: 0,
    kind: 'action-denied',
    actor: { kind: 'agent', id: 'desk', verifiedBy: 'agent_key' },
  }

  it('read as people expect', () => {
    expect(printEntry({ ...small, decision: 'deny', reasons: [{ code: 'KILLED', message: 'Off.', limit: 1 }] })).toBe(
      '{"actor":{"id":"desk","kind":"agent","verified_by":"agent_key"},"decision":"deny","id":"ent_1","kind":"action-denied","reasons":[{"code":"KILLED","limit":1,"message":"Off."}],"time":"1970-01-01T00:00:00.000Z","v":1}',
    )
  })

  it('a lone surrogate becomes the replacement character, so that the text has bytes', () => {
    expect(parseEntry(printEntry({ ...small, object: '\ud800' })).object).toBe('\ufffd')
  })

  it('beyond 65,535 bytes they are refused, below they are not', () => {
    const length = 65_535 - printEntry({ ...small, object: '' }).length
    expect(printEntry({ ...small, object: 'x'.repeat(length) })).toHaveLength(65_535)
    const code = expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID' })
    expect(() => printEntry({ ...small, object: 'x'.repeat(length + 1) })).toThrow(code)
    expect(() => printEntry({ ...small, object: 'é'.repeat(length / 2 + 1) })).toThrow(code)
  })

  it.each(['', '{', '[]', '{"v":2}', '{"v":1}', `${'['.repeat(100)}${']'.repeat(100)}`, '{"v":1,"id":1}'])(
    '%j is none',
    (broken) => {
      expect(() => parseEntry(broken)).toThrow(expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID' }))
    },
  )

  it('sealed, they hold digests of their bodies under the salts, and nothing of the bodies', () => {
    const salt = Uint8Array.from({ length: 16 }, (_, index) => index)
    const sealed = sealEntry(small, [{ name: 'arguments', salt, content: '{"phone":"0170"}' }])
    const want = `sha256:${sha256Hex(Buffer.concat([salt, Buffer.from('{"phone":"0170"}')]))}`
    expect(parseEntry(sealed.text).bodies).toEqual({ arguments: want })
    expect(bodyDigest(salt, '{"phone":"0170"}')).toBe(want)
    expect(sealed.text).not.toContain('0170')
    expect(sealed.leafHash).toEqual(leafHash(sealed.text))
    expect(sealEntry(small).text).toBe(printEntry(small))
  })
})
