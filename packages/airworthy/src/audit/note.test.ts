import { describe, expect, it } from 'vitest'
import { generateSigningKey, signingKeyFrom } from '../core/signature.ts'
import { openCheckpoint, parseCheckpoint, printCheckpoint, signCheckpoint } from './checkpoint.ts'
import { emptyRoot } from './merkle.ts'
import { noteSigner, openNote, parseVkey, printVkey, signNote } from './note.ts'

// Test values of golang/mod sumdb/note: two public keys, one private one, and a text that both signed.
const peterVkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const peterSeed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1)
const enochVkey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const peterLine =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
const enochLine =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'

const code = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
  return 'no error'
}

describe('signed notes', () => {
  it('are signed byte for byte as Go signs them', () => {
    const signer = noteSigner('PeterNeumann', signingKeyFrom(peterSeed))
    expect(signer.vkey).toBe(peterVkey)
    expect(signNote(text, [signer])).toBe(`${text}\n${peterLine}`)
  })

  it('open with the keys that are trusted; the rest says nothing', () => {
    const note = `${text}\n${peterLine}${enochLine}`
    const names = (opened: ReturnType<typeof openNote>) => ({
      verified: opened.verified.map(({ name }) => name),
      unknown: opened.unknown.map(({ name }) => name),
    })
    expect(names(openNote(note, peterVkey))).toEqual({ verified: ['PeterNeumann'], unknown: ['EnochRoot'] })
    expect(names(openNote(Buffer.from(note), [peterVkey, enochVkey])).verified).toEqual(['PeterNeumann', 'EnochRoot'])
    expect(openNote(note, enochVkey).text).toBe(text)
    expect(names(openNote(`${text}\n${peterLine}${peterLine}`, peterVkey)).verified).toEqual(['PeterNeumann'])
  })

  it('may hold blank lines, control characters never', () => {
    const signer = noteSigner('a.example', generateSigningKey())
    const poem = 'Ognuno sta solo\n\ned è subito sera.\n'
    expect(openNote(signNote(poem, [signer]), signer.vkey).text).toBe(poem)
    expect(code(() => signNote('a\tb\n', [signer]))).toBe('NOTE_INVALID')
    expect(code(() => signNote('no line feed', [signer]))).toBe('NOTE_INVALID')
  })

  const tampered = `${peterLine.slice(0, 60)}ABCD${peterLine.slice(64)}`
  it.each<[string, string | Uint8Array, string]>([
    ['the text alone', text, 'NOTE_INVALID'],
    ['no signature', `${text}\n`, 'NOTE_INVALID'],
    ['no final line feed', `${text}\n${peterLine.slice(0, -1)}`, 'NOTE_INVALID'],
    ['a control character', `\u0001${text}\n${peterLine}`, 'NOTE_INVALID'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Uint8Array.of(0xff), Buffer.from(`${text}\n${peterLine}`)]),
      'NOTE_INVALID',
    ],
    ['a lone surrogate', `\ud800${text}\n${peterLine}`, 'NOTE_INVALID'],
    ['a space in a name', `${text}\n${peterLine.replace('PeterNeumann', 'Bad Name')}`, 'NOTE_INVALID'],
    ['a plus in a name', `${text}\n${peterLine.replace('PeterNeumann', 'a+b')}`, 'NOTE_INVALID'],
    ['a line that is no signature', `${text}\n${peterLine}Unexpected line.\n`, 'NOTE_INVALID'],
    ['a hyphen for the dash', `${text}\n${peterLine.replace('—', '-')}`, 'NOTE_INVALID'],
    ['base64 with slack bits', `${text}\n${peterLine.replace('nAM=', 'nAN=')}`, 'NOTE_INVALID'],
    ['a signature of four bytes', `${text}\n— PeterNeumann x08gow==\n`, 'NOTE_INVALID'],
    ['101 signatures', `${text}\n${peterLine.repeat(101)}`, 'NOTE_INVALID'],
    ['over a mebibyte', `${'x'.repeat(1024 * 1024)}\n\n${peterLine}`, 'NOTE_INVALID'],
    ['a text that was changed', `${text}more\n\n${peterLine}`, 'NOTE_UNTRUSTED'],
    ['a signature that was changed', `${text}\n${tampered}`, 'NOTE_UNTRUSTED'],
    ['a false signature before a true one of another', `${text}\n${tampered}${enochLine}`, 'NOTE_UNTRUSTED'],
    ['an unknown name alone', `${text}\n${peterLine.replace('PeterNeumann', 'CarmenSandiego')}`, 'NOTE_UNTRUSTED'],
    ['an unknown key id alone', `${text}\n${peterLine.replace('x08g', 'xxxx')}`, 'NOTE_UNTRUSTED'],
  ])('do not open with %s', (_name, note, want) => {
    expect(code(() => openNote(note, [peterVkey, enochVkey]))).toBe(want)
  })

  it('sixteen signatures are accepted', () => {
    const signers = Array.from({ length: 16 }, (_, index) => noteSigner(`s${index}.example`, generateSigningKey()))
    expect(
      openNote(
        signNote('x\n', signers),
        signers.map(({ vkey }) => vkey),
      ).verified,
    ).toHaveLength(16)
  })
})

describe('public keys', () => {
  it('are read as C2SP writes them, plus signs in their base64 included', () => {
    expect(parseVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k').name).toBe(
      'example.com/foo',
    )
    const tessera = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
    expect(parseVkey(tessera).keyId).toBe(0x33d7b496)
  })

  it('no cutting, no changed character, no other algorithm passes', () => {
    const broken = new Set<string>()
    for (let start = 0; start < peterVkey.length; start++)
      broken.add(peterVkey.slice(start + 1)).add(peterVkey.slice(0, start))
    for (let place = 0; place < peterVkey.length; place++) {
      const next = String.fromCharCode(peterVkey.charCodeAt(place) + 1)
      broken.add(peterVkey.slice(0, place) + next + peterVkey.slice(place + 1))
    }
    broken.add('PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==')
    broken.add('PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
    for (const vkey of broken)
      expect(
        code(() => parseVkey(vkey)),
        vkey,
      ).toBe('AUDIT_KEY_INVALID')
  })

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u0085b', 'a\nb'])('a key cannot be named %j', (name) => {
    expect(code(() => printVkey(name, generateSigningKey().publicKeyRaw))).toBe('AUDIT_KEY_INVALID')
  })
})

describe('checkpoints', () => {
  const signer = noteSigner('example.com/log', generateSigningKey())

  it('what is signed opens and parses back', () => {
    const note = signCheckpoint(signer, 2n ** 63n - 1n, emptyRoot)
    const want = { origin: 'example.com/log', size: 2n ** 63n - 1n, root: emptyRoot, extensions: [] }
    expect(openCheckpoint(note, signer.vkey)).toEqual(want)
    expect(parseCheckpoint(note)).toEqual(want)
    expect(parseCheckpoint(printCheckpoint(want))).toEqual(want)
  })

  it('extension lines are read', () => {
    const body = `${printCheckpoint({ origin: 'o', size: 1n, root: emptyRoot })}more\nand more\n`
    expect(parseCheckpoint(body).extensions).toEqual(['more', 'and more'])
  })

  const root = Buffer.from(emptyRoot).toString('base64')
  it.each([
    ['nothing', ''],
    ['no final line feed', `o\n1\n${root}`],
    ['an empty origin', `\n1\n${root}\n`],
    ['a leading zero', `o\n01\n${root}\n`],
    ['a sign', `o\n+1\n${root}\n`],
    ['a size above 2^63-1', `o\n9223372036854775808\n${root}\n`],
    ['hexadecimal', `o\n0x1\n${root}\n`],
    ['a short root', `o\n1\n${root.slice(4)}\n`],
    ['a root in base64url', `o\n1\n${root.replaceAll('+', '-').replaceAll('/', '_')}\n`],
    ['an empty extension line', `o\n1\n${root}\n\nmore\n`],
  ])('%s is no checkpoint', (_name, body) => {
    expect(code(() => parseCheckpoint(body))).toBe('CHECKPOINT_INVALID')
  })

  it('a trusted key of another name does not speak for a log', () => {
    const other = noteSigner('example.com/other', generateSigningKey())
    const note = signNote(printCheckpoint({ origin: 'example.com/log', size: 0n, root: emptyRoot }), [other])
    expect(code(() => openCheckpoint(note, other.vkey))).toBe('NOTE_UNTRUSTED')
  })
})
