import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafHash } from './merkle.ts'
import { verifyConsistency, verifyInclusion } from './verify-proof.ts'

const archive = fileURLToPath(new URL('../../../../../shared/datasets/merkle-vectors.tar.gz', import.meta.url))
const readVectors = <T>(name: string): T[] =>
  execFileSync('tar', ['xzOf', archive, `merkle-vectors/${name}`], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64')

interface InclusionVector {
  _path: string
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  proof: string[] | null
  wantErr: boolean
}
interface ConsistencyVector {
  _path: string
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  wantErr: boolean
}

const reason = existsSync(archive) ? '' : ' (skipped: the dataset merkle-vectors is not beside this checkout)'

describe.skipIf(reason !== '')(`vectors of transparency-dev/merkle${reason}`, () => {
  it('inclusion: 57 proofs, 54 of them false', () => {
    const vectors = readVectors<InclusionVector>('inclusion.jsonl')
    for (const { _path, leafIdx, treeSize, root, leafHash, proof, wantErr } of vectors) {
      const claim = {
        leafHash: bytes(leafHash),
        index: BigInt(leafIdx),
        size: BigInt(treeSize),
        root: bytes(root),
        proof: (proof ?? []).map(bytes),
      }
      expect(verifyInclusion(claim), _path).toBe(!wantErr)
    }
    expect(vectors.map(({ wantErr }) => wantErr).filter(Boolean)).toHaveLength(54)
    expect(vectors).toHaveLength(57)
  })

  it('consistency: 55 proofs, 53 of them false', () => {
    const vectors = readVectors<ConsistencyVector>('consistency.jsonl')
    for (const { _path, size1, size2, root1, root2, proof, wantErr } of vectors) {
      const claim = {
        size1: BigInt(size1),
        size2: BigInt(size2),
        root1: bytes(root1),
        root2: bytes(root2),
        proof: (proof ?? []).map(bytes),
      }
      expect(verifyConsistency(claim), _path).toBe(!wantErr)
    }
    expect(vectors.map(({ wantErr }) => wantErr).filter(Boolean)).toHaveLength(53)
    expect(vectors).toHaveLength(55)
  })
})

describe('a false proof is false, whatever it is made of', () => {
  const leaf = leafHash('only')
  const inclusion = { leafHash: leaf, index: 0n, size: 1n, root: leaf, proof: [] as Uint8Array[] }
  const consistency = { size1: 1n, size2: 1n, root1: leaf, root2: leaf, proof: [] as Uint8Array[] }

  it('the claims that the tables below break are true', () => {
    expect(verifyInclusion(inclusion)).toBe(true)
    expect(verifyConsistency(consistency)).toBe(true)
  })

  it.each([
    ['a size of 0', { size: 0n }],
    ['an index at the size', { index: 1n }],
    ['an index below 0', { index: -1n }],
    ['a size above 2^63-1', { size: 2n ** 63n, index: 0n }],
    ['a short leaf hash', { leafHash: leaf.subarray(1) }],
    ['a long root', { root: Buffer.concat([leaf, leaf]) }],
    ['a proof too long', { proof: [leaf] }],
    ['no proof at all', { proof: null }],
    ['a number for a bigint', { size: 1 }],
    ['a text for a hash', { root: 'root' }],
  ])('inclusion with %s', (_name, broken) => {
    expect(verifyInclusion({ ...inclusion, ...broken } as typeof inclusion)).toBe(false)
  })

  it.each([
    ['both sizes 0', { size1: 0n, size2: 0n }],
    ['an old size of 0', { size1: 0n }],
    ['an old size above the new', { size1: 2n }],
    ['a size above 2^63-1', { size2: 2n ** 64n }],
    ['a proof between equal sizes', { proof: [leaf] }],
    ['no proof between sizes', { size1: 1n, size2: 2n }],
    ['a short hash in the proof', { size1: 1n, size2: 2n, proof: [leaf.subarray(1)] }],
    ['no proof at all', { proof: undefined }],
  ])('consistency with %s', (_name, broken) => {
    expect(verifyConsistency({ ...consistency, ...broken } as typeof consistency)).toBe(false)
  })

  it('random bytes never prove and never throw', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const count = fc.bigInt({ min: 0n, max: 2n ** 64n })
    const proof = fc.array(fc.oneof(hash, fc.uint8Array({ maxLength: 40 })), { maxLength: 70 })
    fc.assert(
      fc.property(hash, hash, count, count, proof, (one, other, first, second, hashes) => {
        fc.pre(Buffer.compare(one, other) !== 0)
        expect(verifyInclusion({ leafHash: one, index: first, size: second, root: other, proof: hashes })).toBe(false)
        expect(verifyConsistency({ size1: first, size2: second, root1: one, root2: other, proof: hashes })).toBe(false)
      }),
    )
  })
})
