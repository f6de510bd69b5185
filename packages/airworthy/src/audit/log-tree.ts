/** The right edge of a log in memory: what appending needs, and the tiles that appending has grown. */
import { invariant } from '../core/errors.ts'
import { CompactRange, hashBytes } from './merkle.ts'
import { edgeHashes, edgeTiles, nodesFromTiles, type TileAddress, tileHeight, tileWidth } from './tiles.ts'

export interface GrownTile extends TileAddress {
  /** All hashes of the tile so far, one after the other. */
  readonly hashes: Uint8Array
}

export class LogTree {
  readonly #range: CompactRange
  readonly #open = new Map<number, { n: number; width: number; hashes: Uint8Array }>()
  #full: GrownTile[] = []
  readonly #grown = new Set<number>()

  /** The log at `size`; `edge` holds the tiles of `edgeTiles(size)`, each with at least that width. */
  constructor(size = 0, edge: readonly GrownTile[] = []) {
    for (const { level, n, width } of edgeTiles(size)) {
      const tile = edge.find((candidate) => candidate.level === level && candidate.n === n)
      invariant(tile !== undefined && tile.hashes.length >= width * hashBytes, `tile ${level}/${n} lacks hashes`)
      const hashes = new Uint8Array(tileWidth * hashBytes)
      hashes.set(tile.hashes.subarray(0, width * hashBytes))
      this.#open.set(level, { n, width, hashes })
    }
    const read = nodesFromTiles(({ level, n }) => {
      const tile = this.#open.get(level)
      invariant(tile?.n === n, 'the right edge of a log lies in its partial tiles')
      return tile.hashes
    })
    this.#range = new CompactRange(size, edgeHashes(size, read))
  }

  get size(): number {
    return this.#range.size
  }

  root(): Uint8Array {
    return this.#range.root()
  }

  append(leaf: Uint8Array): void {
    this.#range.append(leaf, (level, _index, hash) => {
      if (level % tileHeight === 0) this.#addHash(level / tileHeight, hash)
    })
  }

  /** The tiles that grew since this was last asked, each whole. */
  takeGrownTiles(): GrownTile[] {
    const grown = this.#full
    for (const level of this.#grown) {
      const tile = this.#open.get(level)
      if (tile !== undefined && tile.width > 0) {
        grown.push({ level, n: tile.n, hashes: tile.hashes.slice(0, tile.width * hashBytes) })
      }
    }
    this.#full = []
    this.#grown.clear()
    return grown
  }

  #addHash(level: number, hash: Uint8Array): void {
    let tile = this.#open.get(level)
    if (tile === undefined) {
      // Leaves before this one make whole tiles only, or the edge would have held a partial one.
      const n = Math.floor(this.size / tileWidth ** (level + 1))
      tile = { n, width: 0, hashes: new Uint8Array(tileWidth * hashBytes) }
      this.#open.set(level, tile)
    }
    tile.hashes.set(hash, tile.width * hashBytes)
    tile.width += 1
    this.#grown.add(level)
    if (tile.width === tileWidth) {
      this.#full.push({ level, n: tile.n, hashes: tile.hashes })
      this.#open.set(level, { n: tile.n + 1, width: 0, hashes: new Uint8Array(tileWidth * hashBytes) })
    }
  }
}
