/**
 * A second reader of a log that is served as C2SP tlog-tiles, written from RFC 6962 and the C2SP specifications: it shares no code with
 * `src/`. It fetches the checkpoint, every tile and every entry, recomputes all hashes from the entries up, and believes nothing else.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'

export type Fetch = (path: string) => Promise<Buffer>

export interface ReadLog {
  readonly origin: string
  readonly size: number
  readonly entries: readonly string[]
}

const tileWidth = 256
const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

/** @param vkey  the log's public key. @throws Error that says what is wrong with the log. */
export async function readLog(fetchPath: Fetch, vkey: string): Promise<ReadLog> {
  const { origin, size, root } = openCheckpoint((await fetchPath('checkpoint')).toString('utf8'), vkey)
  const entries: string[] = []
  let row: Buffer[] = []
  for (const [n, width] of tilesOf(size)) {
    const bundle = await fetchPath(`tile/entries/${pathOf(n, width)}`)
    const texts = entriesOf(bundle)
    if (texts.length !== width) throw new Error(`bundle ${n} holds ${texts.length} entries, not ${width}`)
    entries.push(...texts.map((text) => text.toString('utf8')))
    row.push(...texts.map((text) => sha256(Buffer.of(0), text)))
  }
  // Level by level: what is served must be what the entries hash to, and full tiles become the row above.
  let computed = row
  for (let level = 0; row.length > 0; level++) {
    for (const [n, width] of tilesOf(row.length)) {
      const served = await fetchPath(`tile/${level}/${pathOf(n, width)}`)
      if (!served.equals(Buffer.concat(row.slice(n * tileWidth, n * tileWidth + width))))
        throw new Error(`tile ${level}/${n} is not what the entries hash to`)
    }
    const above: Buffer[] = []
    for (let n = 0; (n + 1) * tileWidth <= row.length; n++)
      above.push(rootOf(row.slice(n * tileWidth, (n + 1) * tileWidth)))
    if (level === 0) computed = row
    row = above
  }
  if (!rootOf(computed).equals(root)) throw new Error('the entries do not lead to the signed root')
  return { origin, size, entries }
}

function openCheckpoint(note: string, vkey: string): { origin: string; size: number; root: Buffer } {
  const [name = '', id = '', ...key] = vkey.split('+')
  const typed = Buffer.from(key.join('+'), 'base64')
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const end = note.lastIndexOf('\n\n') + 1
  const text = note.slice(0, end)
  const isSigned = note
    .slice(end + 1)
    .split('\n')
    .some((line) => {
      const [dash, signer, encoded = ''] = line.split(' ')
      const bytes = Buffer.from(encoded, 'base64')
      const isKey = dash === '—' && signer === name && bytes.subarray(0, 4).toString('hex') === id
      return isKey && verify(null, Buffer.from(text), publicKey, bytes.subarray(4))
    })
  if (!isSigned) throw new Error('the checkpoint is not signed with this key')
  const [origin = '', size, root = ''] = text.split('\n')
  if (origin !== name) throw new Error('the checkpoint is of another log')
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') }
}

/** RFC 6962, section 2.1, by its definition. */
function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return sha256()
  if (hashes.length === 1) return hashes[0] as Buffer
  const split = 2 ** Math.ceil(Math.log2(hashes.length) - 1)
  return sha256(Buffer.of(1), rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)))
}

function* tilesOf(count: number): Generator<[n: number, width: number]> {
  for (let first = 0; first < count; first += tileWidth) yield [first / tileWidth, Math.min(tileWidth, count - first)]
}

/** `x001/x234/067`, and `.p/<width>` for a tile that is not full. */
function pathOf(n: number, width: number): string {
  const groups = n
    .toString()
    .padStart(Math.ceil(n.toString().length / 3) * 3, '0')
    .match(/.{3}/g) as string[]
  const path = groups.map((group, position) => (position === groups.length - 1 ? group : `x${group}`)).join('/')
  return width === tileWidth ? path : `${path}.p/${width}`
}

function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at)
    if (at + 2 + length > bundle.length) throw new Error('a bundle ends in the middle of an entry')
    entries.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}
