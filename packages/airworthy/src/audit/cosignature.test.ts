import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateSigningKey, signEd25519 } from '../core/signature.ts'
import { signCheckpoint } from './checkpoint.ts'
import { findCosignature, withCosignatures } from './cosignature.ts'
import { emptyRoot } from './merkle.ts'
import { noteSigner, openNote } from './note.ts'

const log = noteSigner('example.com/log', generateSigningKey())
const note = signCheckpoint(log, 7n, emptyRoot)
const text = note.slice(0, note.lastIndexOf('\n\n') + 1)

/** A witness from the specification, its signature line and key. */
function witnessOf(name: string) {
  const key = generateSigningKey()
  const typed = Buffer.concat([Buffer.of(4), key.publicKeyRaw])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  return {
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    line(seconds: bigint, body = text, change = (bytes: Buffer) => bytes) {
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(seconds)
      const signature = signEd25519(key.privateKey, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`))
      return `— ${name} ${change(Buffer.concat([id, time, signature])).toString('base64')}\n`
    },
  }
}
const witness = witnessOf('witness.example/w1')
const other = witnessOf('witness.example/w2')

describe('findCosignature', () => {
  test('tells who cosigned and when, the newest of several, and passes over others', () => {
    expect(findCosignature(note, witness.vkey)).toBeUndefined()
    expect(findCosignature(withCosignatures(note, [other.line(5n)]), witness.vkey)).toBeUndefined()
    const cosigned = withCosignatures(note, [
      other.line(5n),
      witness.line(1_700_000_000n),
      witness.line(1_600_000_000n),
    ])
    expect(findCosignature(cosigned, witness.vkey)).toEqual({
      witness: 'witness.example/w1',
      timeSeconds: 1_700_000_000,
    })
    // For whoever knows the log alone the note is what it was.
    expect(openNote(cosigned, log.vkey)).toMatchObject({ text, unknown: [{}, {}, {}] })
  })

  test.each<[string, string]>([
    ['over another checkpoint', witness.line(5n, text.replace('7', '8'))],
    ['with its time changed', witness.line(5n, text, (bytes) => bytes.fill(1, 11, 12))],
    ['with its signature changed', witness.line(5n, text, (bytes) => bytes.fill(0, 40, 44))],
    ['cut short', witness.line(5n, text, (bytes) => bytes.subarray(0, 70))],
    ['with nothing but an id and a byte', witness.line(5n, text, (bytes) => bytes.subarray(0, 5))],
    ['made longer', witness.line(5n, text, (bytes) => Buffer.concat([bytes, Buffer.of(0)]))],
    ['at a time beyond time', witness.line(2n ** 63n)],
  ])('a line of the witness %s does not verify', (_what, line) => {
    for (const lines of [[line], [witness.line(6n), line]]) {
      expect(() => findCosignature(withCosignatures(note, lines), witness.vkey)).toThrow(/does not verify/)
    }
  })

  test.each([log.vkey, witness.vkey.replace('+', '+0'), 'nothing', ''])('%j is no key of a witness', (vkey) => {
    expect(() => findCosignature(note, vkey)).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_INVALID' }))
  })

  test('a log cannot be its own witness: a key of one type signs nothing of the other', () => {
    const line = note.slice(note.lastIndexOf('\n\n') + 2)
    expect(findCosignature(withCosignatures(note, [line]), witness.vkey)).toBeUndefined()
    expect(() => openNote(note, witness.vkey)).toThrow(/not an Ed25519 key of type 01/)
  })
})
