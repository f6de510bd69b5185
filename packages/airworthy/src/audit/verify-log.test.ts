import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateSigningKey } from '../core/signature.ts'
import { signCheckpoint } from './checkpoint.ts'
import { type ExportLine, printExportLine } from './export.ts'
import { CompactRange, leafHash } from './merkle.ts'
import { type NoteSigner, noteSigner } from './note.ts'
import { verifyExport } from './verify-export.ts'
import type { VerifyOptions } from './verify-log.ts'

const signer = noteSigner('example.com/log', generateSigningKey())
const otherSigner = noteSigner('example.com/log', generateSigningKey())
const publicKey = signer.vkey

const entryOf = (index: number): string => `{"id":"e${index}","v":1}`
const textsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => entryOf(index))
const recorded = textsOf(20)

/** What an honest exporter writes of a log with these entries, signed at these sizes. */
function exportOf(
  texts: readonly string[],
  options: { signer?: NoteSigner; signedAt?: readonly number[]; hashes?: readonly Uint8Array[] } = {},
): string[] {
  const { signer: by = signer, hashes = texts.map((text) => leafHash(text)) } = options
  const signedAt = options.signedAt ?? [5, 10, 15, texts.length].filter((size) => size <= texts.length)
  const tree = new CompactRange()
  const notes = new Map([[0, signCheckpoint(by, 0n, tree.root())]])
  for (const hash of hashes) {
    tree.append(hash)
    if (signedAt.includes(tree.size)) notes.set(tree.size, signCheckpoint(by, BigInt(tree.size), tree.root()))
  }
  const size = signedAt.at(-1) ?? 0
  const checkpoint = notes.get(size) as string
  const lines: ExportLine[] = [{ kind: 'header', origin: by.name, vkey: by.vkey, size, bodies: false, checkpoint }]
  for (let first = 0; first < size; first += 256) {
    const end = Math.min(first + 256, size)
    for (const [at, note] of notes) if (at > first && at <= end) lines.push({ kind: 'checkpoint', note })
    lines.push({ kind: 'hashes', first, hashes: hashes.slice(first, end) })
    texts.slice(first, end).forEach((text, position) => {
      lines.push({ kind: 'entry', index: first + position, text })
    })
  }
  return lines.map(printExportLine)
}

const honest = exportOf(recorded)
const checkpointAt = (size: number): string => signCheckpoint(signer, BigInt(size), rootOf(recorded.slice(0, size)))

function rootOf(texts: readonly string[]): Uint8Array {
  const tree = new CompactRange()
  for (const text of texts) tree.append(leafHash(text))
  return tree.root()
}

/** `changed 7`, or `rewritten 5-9` for a range. */
async function faultsOf(lines: readonly string[], options: VerifyOptions = { publicKey }): Promise<string[]> {
  const { faults, ok, faultCount } = await verifyExport([lines.join('')], options)
  expect(ok).toBe(faults.length === 0)
  expect(faultCount).toBeGreaterThanOrEqual(faults.length)
  return faults.map(
    ({ kind, index, lastIndex }) => `${kind} ${lastIndex === undefined ? index : `${index}-${lastIndex}`}`,
  )
}

const lineOf = (index: number, text: string): string => printExportLine({ kind: 'entry', index, text })
const placeOf = (lines: readonly string[], index: number): number => lines.indexOf(lineOf(index, entryOf(index)))
const without = (lines: readonly string[], ...indexes: number[]): string[] =>
  lines.filter((line) => !indexes.some((index) => line === lineOf(index, entryOf(index))))
/** Indexes as an attacker would put them right after a cut or an insertion. */
function renumbered(lines: readonly string[]): string[] {
  let index = 0
  return lines.map((line) => line.replace(/^\{"index":\d+,"entry"/, () => `{"index":${index++},"entry"`))
}
const changed = recorded.with(7, '{"id":"e7","v":1,"x":1}')
const swapped = recorded.with(3, entryOf(4)).with(4, entryOf(3))

describe('an honest log', () => {
  it.each([0, 1, 5, 20, 255, 256, 257, 700])('of %i entries has no fault', async (count) => {
    const result = await verifyExport([exportOf(textsOf(count)).join('')], { publicKey })
    expect(result).toMatchObject({ ok: true, size: count, faults: [], origin: 'example.com/log' })
  })

  it('may be cut into chunks anywhere, inside a character too', async () => {
    const bytes = Buffer.from(exportOf(['{"v":"é—😀"}', '{"v":"ü"}']).join(''))
    const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect((await verifyExport(chunks, { publicKey })).faults).toEqual([])
  })

  it('agrees with every checkpoint saved earlier', async () => {
    const since = [0, 1, 7, 20].map(checkpointAt)
    const result = await verifyExport([honest.join('')], { publicKey, since })
    expect(result).toMatchObject({ ok: true, comparedSize: 20 })
    expect(result.notes.filter((note) => note.includes('could have'))).toEqual([])
  })
})

describe('each way of tampering has its name', () => {
  it.each<[string, string[], string[]]>([
    ['an entry changed', honest.with(placeOf(honest, 7), lineOf(7, changed[7] as string)), ['changed 7']],
    [
      'two entries changed',
      honest.with(placeOf(honest, 2), lineOf(2, '{}')).with(placeOf(honest, 19), lineOf(19, '{}')),
      ['changed 2', 'changed 19'],
    ],
    ['the tail cut', without(honest, 17, 18, 19), ['truncated 17-19']],
    ['the middle cut', without(honest, 6, 7), ['missing 6', 'missing 7']],
    ['the middle cut and the rest renumbered', renumbered(without(honest, 6, 7)), ['missing 6', 'missing 7']],
    ['all entries cut', honest.filter((line) => !line.includes('"entry"')), ['erased 0-19']],
    [
      'two entries swapped',
      honest.with(placeOf(honest, 3), lineOf(4, entryOf(4))).with(placeOf(honest, 4), lineOf(3, entryOf(3))),
      ['reordered 4'],
    ],
    [
      'two entries swapped under each other’s index',
      honest.with(placeOf(honest, 3), lineOf(3, entryOf(4))).with(placeOf(honest, 4), lineOf(4, entryOf(3))),
      ['reordered 4'],
    ],
    [
      'the last entry moved to the front',
      [...honest.slice(0, placeOf(honest, 0)), lineOf(19, entryOf(19)), ...honest.slice(placeOf(honest, 0), -1)],
      ['reordered 19'],
    ],
    ['an entry added', honest.toSpliced(placeOf(honest, 9), 0, lineOf(9, '{"id":"forged"}')), ['added 9']],
    [
      'an entry added and the rest renumbered',
      renumbered(honest.toSpliced(placeOf(honest, 9), 0, lineOf(9, '{"id":"forged"}'))),
      ['added 9'],
    ],
    ['an entry added at the end', [...honest, lineOf(20, '{"id":"forged"}')], ['added 20']],
    ['an entry twice', honest.toSpliced(placeOf(honest, 9), 0, lineOf(8, entryOf(8))), ['added 8']],
    ['an index changed', honest.with(placeOf(honest, 9), lineOf(11, entryOf(9))), ['renumbered 9']],
    [
      'one changed, one cut, one added, two swapped',
      without(
        honest
          .with(placeOf(honest, 1), lineOf(1, '{}'))
          .with(placeOf(honest, 10), lineOf(11, entryOf(11)))
          .with(placeOf(honest, 11), lineOf(10, entryOf(10)))
          .toSpliced(placeOf(honest, 15), 0, lineOf(15, '{"id":"forged"}')),
        5,
      ),
      ['changed 1', 'missing 5', 'reordered 11', 'added 15'],
    ],
    [
      'a change with fresh hashes and no key',
      [
        ...exportOf(changed)
          .slice(0, 1)
          .map(() => honest[0] as string),
        ...keepingNotes(exportOf(changed)),
      ],
      ['rewritten 5-9'],
    ],
    [
      'a swap with fresh hashes and no key',
      [honest[0] as string, ...keepingNotes(exportOf(swapped))],
      ['rewritten 0-4'],
    ],
    [
      'a cut with fresh hashes and no key',
      [honest[0] as string, ...keepingNotes(exportOf(recorded.toSpliced(6, 1)))],
      ['rewritten 5-9', 'truncated 19-19'],
    ],
    [
      'entries past the last signed size',
      [
        honest[0] as string,
        ...exportOf([...recorded, '{"id":"forged"}'], { signedAt: [20, 21] })
          .slice(1)
          .filter((line) => !line.includes('checkpoint')),
      ],
      ['added 20-20'],
    ],
    ['a line that is none', honest.toSpliced(3, 0, 'hello\n'), ['malformed 0']],
    [
      'a header of another size',
      [(honest[0] as string).replace('"size":20', '"size":19'), ...honest.slice(1)],
      ['malformed 0'],
    ],
    [
      'the signed tail cut, hashes and all, the header kept',
      [honest[0] as string, ...exportOf(recorded.slice(0, 15)).slice(1)],
      ['truncated 15-19'],
    ],
    ['everything cut, the header kept', honest.slice(0, 1), ['erased 0-19']],
  ])('%s', async (_name, lines, want) => {
    expect(await faultsOf(lines)).toEqual(want)
  })

  /** The lines of a rewritten export but for its header, with the checkpoints that its writer could not sign anew. */
  function keepingNotes(lines: readonly string[]): string[] {
    const notes = honest.filter((line) => line.startsWith('{"checkpoint"'))
    return [...notes, ...lines.slice(1).filter((line) => !line.startsWith('{"checkpoint"'))]
  }

  it('a root changed in a checkpoint: its signature says so', async () => {
    const forged = honest.map((line, place) => {
      if (place === 0 || !line.includes('\\n15\\n')) return line
      const { checkpoint } = JSON.parse(line) as { checkpoint: string }
      const [origin, size, , ...rest] = checkpoint.split('\n')
      return printExportLine({
        kind: 'checkpoint',
        note: [origin, size, Buffer.from(leafHash('x')).toString('base64'), ...rest].join('\n'),
      })
    })
    expect(await faultsOf(forged)).toEqual(['signature-invalid 15'])
  })

  it('a log in several blocks: moved across, cut with its hashes', async () => {
    const long = exportOf(textsOf(700), { signedAt: [300, 600, 700] })
    const moved = without(long, 10).toSpliced(placeOf(long, 600), 0, lineOf(10, entryOf(10)))
    expect(await faultsOf(moved)).toEqual(['reordered 10'])
    const [from, to] = [placeOf(long, 250), placeOf(long, 520)]
    const cut = long.filter((line, place) => place < from || place > to || line.startsWith('{"first":512'))
    expect(await faultsOf(cut)).toEqual([
      'missing 250',
      'missing 251',
      'missing 252',
      'missing 253',
      'missing 254',
      'missing 255',
      'missing 256-511',
      'missing 512',
      'missing 513',
      'missing 514',
      'missing 515',
      'missing 516',
      'missing 517',
      'missing 518',
      'missing 519',
      'missing 520',
    ])
  })

  it('of more faults than anyone reads, a thousand are listed and all are counted', async () => {
    const lines = exportOf(textsOf(3000), { signedAt: [3000] }).filter((line) => !/"index":\d*[13579],/.test(line))
    const { faults, faultCount } = await verifyExport([lines.join('')], { publicKey })
    expect(faults).toHaveLength(1000)
    expect(faultCount).toBe(1500)
  })
})

describe('what a holder of the key did shows against a saved checkpoint alone', () => {
  const since = [checkpointAt(10), checkpointAt(20)]
  const forkedTail = [...recorded.slice(0, 12), ...textsOf(32).slice(24)]
  const empty = exportOf([])
  it.each<[string, string[], readonly string[], string[]]>([
    ['rewritten with the key', exportOf(changed), since, ['forked 0-9']],
    [
      'rewritten with the key behind a checkpoint that agrees',
      exportOf(recorded.with(13, '{}')),
      since,
      ['forked 10-19'],
    ],
    ['forked', exportOf(forkedTail), since, ['forked 10-19']],
    ['tail cut, with its checkpoints', exportOf(recorded.slice(0, 15)), since, ['truncated 15-19']],
    ['all erased, begun anew', empty, since, ['erased 0-19']],
  ])('%s', async (_name, lines, saved, want) => {
    const blind = await verifyExport([lines.join('')], { publicKey })
    expect(blind.faults).toEqual([])
    expect(blind.notes.join()).toContain('a holder of the signing key could have rewritten this log')
    expect(blind.notes.join()).toContain('a cut tail, a fork or an erased log would not show')
    expect(await faultsOf(lines, { publicKey, since: saved })).toEqual(want)
  })

  it('the file emptied: without a saved checkpoint there is nothing to say, with one there is', async () => {
    await expect(verifyExport([''], { publicKey })).rejects.toMatchObject({ code: 'AUDIT_EXPORT_INVALID' })
    expect(await faultsOf([''], { publicKey, since })).toEqual(['erased 0-19'])
  })

  it('the note says how far a saved checkpoint reaches', async () => {
    const { ok, notes } = await verifyExport([honest.join('')], { publicKey, since: [checkpointAt(10)] })
    expect(ok).toBe(true)
    expect(notes[0]).toContain('entries from 10 on')
  })

  it('a saved checkpoint that this key did not sign is refused', async () => {
    const foreign = signCheckpoint(otherSigner, 20n, rootOf(recorded))
    await expect(verifyExport([honest.join('')], { publicKey, since: [foreign] })).rejects.toMatchObject({
      code: 'NOTE_UNTRUSTED',
    })
  })
})

describe('a swapped key', () => {
  const resigned = exportOf(changed, { signer: otherSigner })

  it('shows against the key that was handed over', async () => {
    expect(await faultsOf(resigned)).toEqual(['key-swapped 0'])
  })
  it('shows against a saved checkpoint, and what was rewritten with it', async () => {
    expect(await faultsOf(resigned, { since: [checkpointAt(20)] })).toEqual(['key-swapped 0', 'rewritten 0-19'])
  })
  it('without either it does not, and the result says so', async () => {
    const { ok, notes } = await verifyExport([resigned.join('')])
    expect(ok).toBe(true)
    expect(notes[0]).toContain('The public key was taken from the export itself')
  })
  it('in the header alone, it is named all the same', async () => {
    const lines = [
      (honest[0] as string).replace(JSON.stringify(signer.vkey), JSON.stringify(otherSigner.vkey)),
      ...honest.slice(1),
    ]
    expect(await faultsOf(lines)).toEqual(['key-swapped 0'])
  })
})

describe('theorem', () => {
  const entries = (lines: readonly string[]) => lines.filter((line) => line.includes('"entry"')).join('')
  const at = fc.nat({ max: honest.length - 1 })
  const tampering = fc.oneof(
    at.map((place) => honest.toSpliced(place, 1)),
    at.map((place) => honest.toSpliced(place, 0, honest[place] as string)),
    fc.tuple(at, at).map(([one, two]) => honest.with(one, honest[two] as string).with(two, honest[one] as string)),
    fc.tuple(at, fc.nat(), fc.integer({ min: 32, max: 126 })).map(([place, pick, code]) => {
      const line = honest[place] as string
      const column = pick % (line.length - 1)
      return honest.with(place, line.slice(0, column) + String.fromCharCode(code) + line.slice(column + 1))
    }),
  )
  it('a log that verifies has the recorded entries in the recorded order, whatever was done to a line of it', async () => {
    await fc.assert(
      fc.asyncProperty(tampering, async (lines) => {
        try {
          if ((await faultsOf(lines)).length === 0) expect(entries(lines)).toBe(entries(honest))
        } catch (error) {
          expect(error).toMatchObject({ code: 'AUDIT_EXPORT_INVALID' })
        }
      }),
      { numRuns: 500 },
    )
  })
})
