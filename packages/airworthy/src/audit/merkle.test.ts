import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, sha256Hex } from '../core/hash.ts'
import { LogTree } from './log-tree.ts'
import { CompactRange, emptyRoot, leafHash, nodeHash } from './merkle.ts'
import { consistencyProof, inclusionProof } from './prove.ts'
import {
  decodeBundle,
  edgeTiles,
  encodeBundle,
  nodesFromTiles,
  parseTilePath,
  printTilePath,
  tilesNeeded,
} from './tiles.ts'
import { verifyConsistency, verifyInclusion } from './verify-proof.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const decimalLeaf = (index: number): Uint8Array => leafHash(String(index))

/** RFC 6962 word for word: a tree over a list, split at the largest power of two strictly below its length. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot
  if (leaves.length === 1) return leaves[0] as Uint8Array
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** A log in memory with the tiles that a store would keep. */
function logOf(leaves: readonly Uint8Array[]) {
  const tree = new LogTree()
  const tiles = new Map<string, Uint8Array>()
  for (const leaf of leaves) tree.append(leaf)
  for (const { level, n, hashes } of tree.takeGrownTiles()) tiles.set(`${level}/${n}`, hashes)
  const tileAt = ({ level, n }: { level: number; n: number }) => tiles.get(`${level}/${n}`) as Uint8Array
  return { root: tree.root(), tiles, read: nodesFromTiles(tileAt) }
}

describe('hashing (RFC 6962, section 2.1)', () => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((data) => leafHash(Buffer.from(data, 'hex')))
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]
  it.each(roots.map((root, size) => ({ size, root })))('root at size $size', ({ size, root }) => {
    expect(hex(rootOf(leaves.slice(0, size)))).toBe(root)
    expect(hex(logOf(leaves.slice(0, size)).root)).toBe(root)
  })

  it('leaf and node are told apart by their first byte', () => {
    expect(hex(leafHash('L123456'))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56')
    expect(hex(leafHash(Buffer.from('L123456')))).toBe(hex(leafHash('L123456')))
    const node = sha256(Buffer.concat([Uint8Array.of(1), Buffer.from('N123'), Buffer.from('N456')]))
    expect(hex(node)).toBe('aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb')
    const [left, right] = [leafHash('a'), leafHash('b')]
    expect(hex(nodeHash(left, right))).toBe(sha256Hex(Buffer.concat([Uint8Array.of(1), left, right])))
  })

  it('inclusion of leaf 0 in 8 begins with the hashes of transparency-dev', () => {
    const proof = inclusionProof(0, 8, logOf(leaves).read).map(hex)
    expect(proof.map((hash) => hash.slice(0, 8))).toEqual(['96a296d2', '5f083f0a', '6b47aaf2'])
  })

  it('the small log of tessera has its root at 15', () => {
    const words = 'one two three four five six seven eit nain ten ileven twelf threeten fourten fivten'.split(' ')
    const { root } = logOf(words.map((word) => leafHash(word)))
    expect(Buffer.from(root).toString('base64')).toBe('rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=')
  })
})

describe('larger trees', () => {
  const roots: Record<number, string> = {
    255: '32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb',
    256: '828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1',
    257: '1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4',
    1000: '638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2',
    65536: 'f025d06ed804859fd274a1bdacadd6e48ea87634aa91e1edb20143f9498cd02b',
    65537: 'dc8795a25fd4bd52a0b84f639fd3139ba160824023d188e428eb5db0f3ce221a',
    70000: '1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e',
  }
  const leaves = Array.from({ length: 70_000 }, (_, index) => decimalLeaf(index))

  it('have the roots that a second implementation computed', () => {
    const range = new CompactRange()
    const found: Record<number, string> = {}
    for (const leaf of leaves) {
      range.append(leaf)
      if (range.size in roots) found[range.size] = hex(range.root())
    }
    expect(found).toEqual(roots)
  })

  it('fill tiles as C2SP counts them', () => {
    const { tiles } = logOf(leaves)
    expect(edgeTiles(70_000)).toEqual([
      { level: 0, n: 273, width: 112 },
      { level: 1, n: 1, width: 17 },
      { level: 2, n: 0, width: 1 },
    ])
    expect([...tiles.keys()].filter((key) => key.startsWith('0/'))).toHaveLength(274)
    expect(tiles.get('0/273')?.length).toBe(112 * 32)
    expect(tiles.get('1/0')?.length).toBe(8192)
    expect(sha256Hex(tiles.get('0/0') as Uint8Array)).toBe(
      'b9704a8bfbee2c61185ceb38904a49f3f703c81e194b5b2ccdc254c2bdaaa62b',
    )
  })

  it('prove their leaves over three tile levels', () => {
    const { read, root } = logOf(leaves)
    for (const index of [0, 255, 256, 65_535, 65_536, 69_888, 69_999]) {
      const proof = inclusionProof(index, 70_000, read)
      const claim = { leafHash: leaves[index] as Uint8Array, index: BigInt(index), size: 70_000n, root, proof }
      expect(verifyInclusion(claim), `leaf ${index}`).toBe(true)
    }
  })

  it('go on from their right edge as if they had never stopped', () => {
    const first = new LogTree()
    const tiles: { level: number; n: number; hashes: Uint8Array }[] = []
    for (const leaf of leaves.slice(0, 66_000)) first.append(leaf)
    tiles.push(...first.takeGrownTiles())
    const second = new LogTree(66_000, tiles)
    expect(hex(second.root())).toBe(hex(first.root()))
    for (const leaf of leaves.slice(66_000)) second.append(leaf)
    expect(hex(second.root())).toBe(roots[70_000])
  })
})

describe('theorems', () => {
  const leavesMax = 600
  const leaves = Array.from({ length: leavesMax }, (_, index) => decimalLeaf(index))
  const { read } = logOf(leaves)
  const roots = Array.from({ length: 66 }, (_, size) => rootOf(leaves.slice(0, size)))

  it('any leaf proves into any later checkpoint, and no other leaf does in its place', () => {
    const sizes = fc.integer({ min: 1, max: leavesMax })
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, pick, other) => {
        const index = pick % size
        const proof = inclusionProof(index, size, read)
        const root = rootOf(leaves.slice(0, size))
        const claim = { leafHash: leaves[index] as Uint8Array, index: BigInt(index), size: BigInt(size), root, proof }
        expect(verifyInclusion(claim)).toBe(true)
        if (other % size !== index) {
          expect(verifyInclusion({ ...claim, leafHash: leaves[other % size] as Uint8Array })).toBe(false)
          expect(verifyInclusion({ ...claim, index: BigInt(other % size) })).toBe(false)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('consistency holds between all pairs of sizes up to 65, and with no other root', () => {
    for (let size2 = 1; size2 <= 65; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const [root1, root2] = [roots[size1] as Uint8Array, roots[size2] as Uint8Array]
        const proof = consistencyProof(size1, size2, read)
        const claim = { size1: BigInt(size1), size2: BigInt(size2), root1, root2, proof }
        expect(verifyConsistency(claim), `${size1} to ${size2}`).toBe(true)
        expect(verifyConsistency({ ...claim, root1: leafHash('forged') }), `${size1} to ${size2}, old root`).toBe(false)
        expect(verifyConsistency({ ...claim, root2: leafHash('forged') }), `${size1} to ${size2}, new root`).toBe(false)
      }
    }
  })

  it('a proof is read from the tiles that were said to be needed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: leavesMax }), fc.nat(), (size, pick) => {
        const prove = (reader: typeof read) => inclusionProof(pick % size, size, reader)
        const needed = new Set(tilesNeeded(prove).map(({ level, n }) => `${level}/${n}`))
        const { tiles } = logOf(leaves)
        const readNeeded = nodesFromTiles(({ level, n }) => {
          expect(needed).toContain(`${level}/${n}`)
          return tiles.get(`${level}/${n}`) as Uint8Array
        })
        expect(prove(readNeeded).map(hex)).toEqual(prove(read).map(hex))
      }),
      { numRuns: 30 },
    )
  })

  it('what is printed as a tile path parses back, and nothing else parses', () => {
    const width = fc.integer({ min: 1, max: 256 })
    const n = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const path = fc.oneof(
      fc.record({ kind: fc.constant('entries' as const), n, width }),
      fc.record({ kind: fc.constant('hashes' as const), level: fc.integer({ min: 0, max: 63 }), n, width }),
    )
    fc.assert(
      fc.property(path, (value) => {
        expect(parseTilePath(printTilePath(value))).toEqual(value)
      }),
    )
    expect(printTilePath({ kind: 'hashes', level: 0, n: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
    const wrong = [
      'tile/0/1',
      'tile/00/000',
      'tile/64/000',
      'tile/0/x000/001',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/007',
      'tile/0/../001',
      'tile/data/000',
    ]
    expect(wrong.map(parseTilePath)).toEqual(wrong.map(() => undefined))
  })

  it('a bundle gives back its entries, and the first of the decimal log is the known one', () => {
    const entries = Array.from({ length: 256 }, (_, index) => Buffer.from(String(index)))
    const bundle = encodeBundle(entries)
    expect(bundle).toHaveLength(1170)
    expect(sha256Hex(bundle)).toBe('94693d5c6d6a0355ec07bac8214516c1ce6a5100b0588f226fd95f26571157d7')
    expect(decodeBundle(bundle)?.map((entry) => Buffer.from(entry).toString())).toEqual(entries.map(String))
    expect(decodeBundle(bundle.subarray(0, -1))).toBeUndefined()
    expect(decodeBundle(Uint8Array.of(0))).toBeUndefined()
  })
})
