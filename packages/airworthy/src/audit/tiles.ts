/**
 * Tiles (C2SP tlog-tiles): how a log is served as immutable files. A hash tile at level L holds up to 256 hashes, each the
 * root of 256^L leaves; an entry bundle holds up to 256 entries.
 */
import { hashBytes, nodeHash } from './merkle.ts'
import { completeSubtrees, type NodeAddress, type NodeReader } from './prove.ts'

export const tileWidth = 256
export const tileHeight = 8
const tileLevelMax = 63
/** A bundle's length prefix is 16 bits. */
export const entryBytesMax = 65_535

export interface TileAddress {
  readonly level: number
  readonly n: number
}

export type TilePath =
  | { readonly kind: 'hashes'; readonly level: number; readonly n: number; readonly width: number }
  | { readonly kind: 'entries'; readonly n: number; readonly width: number }

/** `tile/0/x001/x234/067` or `tile/entries/000.p/17`; width 256 is a full tile and is not printed. */
export function printTilePath(path: TilePath): string {
  const groups: string[] = []
  let rest = path.n
  do {
    const group = String(rest % 1000).padStart(3, '0')
    groups.unshift(groups.length === 0 ? group : `x${group}`)
    rest = Math.floor(rest / 1000)
  } while (rest > 0)
  const level = path.kind === 'entries' ? 'entries' : String(path.level)
  const partial = path.width === tileWidth ? '' : `.p/${path.width}`
  return `tile/${level}/${groups.join('/')}${partial}`
}

/** Undefined when the text is not exactly a path that `printTilePath` prints. */
export function parseTilePath(text: string): TilePath | undefined {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(text)
  if (match === null) return undefined
  const n = Number((match[2] as string).replaceAll(/[x/]/g, ''))
  const width = match[3] === undefined ? tileWidth : Number(match[3])
  if (!Number.isSafeInteger(n) || width > tileWidth) return undefined
  const path: TilePath =
    match[1] === 'entries' ? { kind: 'entries', n, width } : { kind: 'hashes', level: Number(match[1]), n, width }
  if (path.kind === 'hashes' && path.level > tileLevelMax) return undefined
  return printTilePath(path) === text ? path : undefined
}

/** How many hashes the log of `size` has at tile level `level`. */
function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level)
}

/** How many hashes (level) or entries (level 0) tile `n` holds in the log of `size`; 0 when there is no such tile. */
export function tileWidthAt({ level, n }: TileAddress, size: number): number {
  return Math.max(0, Math.min(tileWidth, hashesAtLevel(level, size) - n * tileWidth))
}

/** The partial tiles at the right edge of the log, from level 0 up: all that is needed to append to it. */
export function edgeTiles(size: number): (TileAddress & { readonly width: number })[] {
  const tiles: (TileAddress & { readonly width: number })[] = []
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    const hashes = hashesAtLevel(level, size)
    const width = hashes % tileWidth
    if (width > 0) tiles.push({ level, n: Math.floor(hashes / tileWidth), width })
  }
  return tiles
}

/** Reads nodes out of tiles; `tileAt` gives the hashes of a tile, one after the other, as far as the log has them. */
export function nodesFromTiles(tileAt: (address: TileAddress) => Uint8Array): NodeReader {
  return (level, index) => {
    const { tile, offset, count } = placeOfNode({ level, index })
    const hashes = tileAt(tile)
    let row: Uint8Array[] = []
    for (let position = offset; position < offset + count; position++) {
      row.push(hashes.subarray(position * hashBytes, (position + 1) * hashBytes))
    }
    while (row.length > 1) {
      const above: Uint8Array[] = []
      for (let position = 0; position < row.length; position += 2) {
        above.push(nodeHash(row[position] as Uint8Array, row[position + 1] as Uint8Array))
      }
      row = above
    }
    return row[0] as Uint8Array
  }
}

/** The tiles that a computation over nodes reads: it is run once with a reader that answers anything and takes notes. */
export function tilesNeeded(compute: (read: NodeReader) => unknown): TileAddress[] {
  const tiles = new Map<string, TileAddress>()
  const anything = new Uint8Array(hashBytes)
  compute((level, index) => {
    const { tile } = placeOfNode({ level, index })
    tiles.set(`${tile.level}/${tile.n}`, tile)
    return anything
  })
  return [...tiles.values()]
}

/** The hashes that a `CompactRange` of `size` is built from. */
export function edgeHashes(size: number, read: NodeReader): Uint8Array[] {
  return completeSubtrees(0, size).map(({ level, index }) => read(level, index))
}

function placeOfNode({ level, index }: NodeAddress): { tile: TileAddress; offset: number; count: number } {
  const tileLevel = Math.floor(level / tileHeight)
  const count = 2 ** (level % tileHeight)
  const first = index * count
  return { tile: { level: tileLevel, n: Math.floor(first / tileWidth) }, offset: first % tileWidth, count }
}

/** Entries as a bundle: each behind its length, 16 bits, big-endian. Entries have at most 65,535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((total, entry) => total + 2 + entry.length, 0))
  let offset = 0
  for (const entry of entries) {
    bundle[offset] = entry.length >> 8
    bundle[offset + 1] = entry.length & 0xff
    bundle.set(entry, offset + 2)
    offset += 2 + entry.length
  }
  return bundle
}

/** Undefined when the bytes end inside an entry. */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] | undefined {
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < bundle.length) {
    const end = offset + 2 + (bundle[offset] as number) * 256 + (bundle[offset + 1] ?? Number.NaN)
    if (!(end <= bundle.length)) return undefined
    entries.push(bundle.subarray(offset + 2, end))
    offset = end
  }
  return entries
}
