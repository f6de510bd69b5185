/**
 * Verifiers that share no code with ours read a real kit's log over HTTP: one written here from the specifications alone, and sigstore's,
 * from npm. Both believe nothing but the log's public key.
 */

import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saltBytes, sealEntry } from '../../src/audit/seal-entry.ts'
import { proveEntry } from '../../src/operate/audit/prove-entry.ts'
import { startServing, type TestServing } from '../api/serving.ts'
import { type Fetch, readLog } from './read-log.ts'

/** Enough for two full tiles and a partial one, and for a level above. */
const entriesMin = 600

let served: TestServing
let fetchPath: Fetch
beforeAll(async () => {
  served = await startServing()
  const { kit } = served
  for (let n = 0; n < entriesMin; n++) {
    const actor = { kind: 'kit', id: 'test', verifiedBy: 'kit' } as const
    const draft = {
      id: `ent_${n}`,
      timeMs: 1_700_000_000_000 + n,
      kind: 'drill-run',
      actor,
      details: { n, word: 'é—𝄞' },
    } as const
    const bodies = [{ name: 'arguments', salt: Buffer.alloc(saltBytes, n % 256), content: `{"n":${n}}` }]
    await kit.store.audit.append(sealEntry(draft, bodies))
  }
  await kit.sequencer.drain()
  fetchPath = async (path) => {
    const headers = { authorization: `Bearer ${served.keys.auditor}` }
    const response = await fetch(`${served.url}/audit/${path}`, { headers })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }
})
afterAll(() => served.stop())

describe('a reader written from RFC 6962 and C2SP alone', () => {
  it('shares no code with the kit', () => {
    const text = readFileSync(new URL('./read-log.ts', import.meta.url), 'utf8')
    expect([...text.matchAll(/from '(.*)'/g)].map(([, source]) => source)).toEqual(['node:crypto'])
    expect(text.split('\n').length).toBeLessThan(140)
  })

  it('fetches checkpoint, tiles and entries, and agrees with every hash and the signature', async () => {
    const { vkey, agent } = served.kit
    const log = await readLog(fetchPath, vkey)
    expect(log.origin).toBe(`airworthy/${agent}`)
    expect(log.size).toBeGreaterThan(entriesMin)
    expect(log.entries).toHaveLength(log.size)
    const planted = log.entries.map((text) => JSON.parse(text)).filter(({ kind }) => kind === 'drill-run')
    expect(planted).toHaveLength(entriesMin)
    expect(planted.at(-1)).toMatchObject({ id: `ent_${entriesMin - 1}`, details: { word: 'é—𝄞' } })
  })

  it.each<[string, (path: string, bytes: Buffer) => Buffer, RegExp]>([
    [
      'an entry',
      (path, bytes) => (path === 'tile/entries/001' ? flipped(bytes, 400) : bytes),
      /tile 0\/1|middle of an entry|entries, not/,
    ],
    ['a tile', (path, bytes) => (path === 'tile/0/000' ? flipped(bytes, 31) : bytes), /tile 0\/0/],
    [
      'the root',
      (path, bytes) =>
        path === 'checkpoint'
          ? Buffer.from(bytes.toString().replace(/\n(\d+)\n/, (_, size) => `\n${size - 1}\n`))
          : bytes,
      /not signed/,
    ],
    [
      'a cut tail',
      (path, bytes) => (path.startsWith('tile/entries/002') ? bytes.subarray(0, 100) : bytes),
      /middle of an entry|entries, not/,
    ],
  ])('sees %s that was changed on the way', async (_what, change, why) => {
    const fetchChanged: Fetch = async (path) => change(path, await fetchPath(path))
    await expect(readLog(fetchChanged, served.kit.vkey)).rejects.toThrow(why)
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

/** Two modules of @sigstore/verify that its front door does not show: its checkpoint and its Merkle proof. */
interface Sigstore {
  verifyCheckpoint(entry: object, logs: readonly object[]): { logSize: bigint; origin: string }
  verifyMerkleInclusion(entry: object, checkpoint: object): void
}
const require = createRequire(import.meta.url)
const tlog = join(dirname(require.resolve('@sigstore/verify')), 'tlog')
const { verifyCheckpoint, verifyMerkleInclusion }: Sigstore = {
  ...require(join(tlog, 'checkpoint.js')),
  ...require(join(tlog, 'merkle.js')),
}

describe("sigstore's verifier", () => {
  it('opens our checkpoint with our public key and accepts our inclusion proofs, and no other', async () => {
    const { kit } = served
    const checkpoint = (await fetchPath('checkpoint')).toString('utf8')
    const log = logOf(kit.vkey)
    const opened = verifyCheckpoint(entryOf(checkpoint), [log])
    expect(opened).toMatchObject({ origin: `airworthy/${kit.agent}` })
    expect(Number(opened.logSize)).toBe(kit.sequencer.coveredSize)
    expect(() => verifyCheckpoint(entryOf(checkpoint.replace(/\n\d+\n/, '\n7\n')), [log])).toThrow(/signature/)

    for (const id of ['ent_0', 'ent_255', 'ent_256', `ent_${entriesMin - 1}`]) {
      const { index, hashes, text } = parseProof(await proveEntry(kit.store.audit, id))
      const entry = {
        canonicalizedBody: Buffer.from(text),
        inclusionProof: { logIndex: index, hashes, checkpoint: { envelope: checkpoint } },
      }
      expect(() => verifyMerkleInclusion(entry, opened), id).not.toThrow()
      const other = { ...entry, canonicalizedBody: Buffer.from(`${text} `) }
      expect(() => verifyMerkleInclusion(other, opened), id).toThrow(/root hash/)
    }
  })
})

const entryOf = (envelope: string): object => ({ inclusionProof: { checkpoint: { envelope } } })

/** A log as sigstore knows one: the first four bytes of its id are the key's id. */
function logOf(vkey: string): object {
  const [name = '', id = '', ...key] = vkey.split('+')
  const raw = Buffer.from(key.join('+'), 'base64').subarray(1)
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  return {
    logID: Buffer.from(id, 'hex'),
    baseURL: name,
    publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }),
  }
}

/** C2SP tlog-proof. */
function parseProof(proof: string): { index: string; hashes: Buffer[]; text: string } {
  const [head = ''] = proof.split('\n\n')
  const [first, extra = '', index = '', ...hashes] = head.split('\n')
  expect(first).toBe('c2sp.org/tlog-proof@v1')
  return {
    index: index.slice('index '.length),
    hashes: hashes.map((line) => Buffer.from(line, 'base64')),
    text: Buffer.from(extra.slice('extra '.length), 'base64').toString('utf8'),
  }
}
