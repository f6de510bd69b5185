/** A row on its way from one database to another, exact to the last digit and byte, and the digest of a table of them. */
import { createHash } from 'node:crypto'

export type Cell = string | bigint | Uint8Array | null
/** In the order of the table's columns. */
export type Row = readonly Cell[]

export interface RowDigest {
  add(row: Row): void
  readonly rows: number
  /** SHA-256 over every cell with its kind and length. */
  end(): string
}

export function rowDigest(): RowDigest {
  const hash = createHash('sha256')
  let rows = 0
  return {
    add(row) {
      rows++
      for (const cell of row) addCell(hash, cell)
    },
    get rows() {
      return rows
    },
    end: () => `sha256:${hash.digest('hex')}`,
  }
}

function addCell(hash: ReturnType<typeof createHash>, cell: Cell): void {
  if (cell === null) hash.update('null;')
  else if (typeof cell === 'bigint') hash.update(`integer ${cell};`)
  else {
    const bytes = typeof cell === 'string' ? Buffer.from(cell) : cell
    hash.update(`${typeof cell === 'string' ? 'text' : 'bytes'} ${bytes.length}:`).update(bytes)
  }
}

/** About how many bytes a row is. */
export function bytesOf(row: Row): number {
  return row.reduce((sum, cell) => sum + (typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 8), 0)
}
