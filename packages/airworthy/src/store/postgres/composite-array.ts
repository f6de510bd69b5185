/**
 * Rows as one parameter of PostgreSQL: an array of a composite type in binary, as `array_recv` and `record_recv` read it. As text, each
 * quote of a JSON within would be escaped twice on the way, and each value parsed.
 */

export type Cell = string | number | boolean | Uint8Array | undefined | readonly string[] | readonly Uint8Array[]

/** Types of attributes. */
export type CellType = keyof typeof typeOids

const typeOids = { boolean: 16, bytea: 17, bigint: 20, text: 25, 'bytea[]': 1001, 'text[]': 1009 } as const

/** @param rowOid  of the composite type. @param types  of its attributes, in order. */
export function compositeArray(rowOid: number, types: readonly CellType[], rows: readonly (readonly Cell[])[]): Buffer {
  at = 0
  writeArrayHead(rowOid, rows.length)
  for (const cells of rows) {
    const rowAt = openLength()
    writeInteger(types.length)
    for (const [n, type] of types.entries()) {
      writeInteger(typeOids[type])
      writeCell(type, cells[n])
    }
    closeLength(rowAt)
  }
  const array = Buffer.from(written.subarray(0, at))
  if (written.length > keptBytesMax) written = Buffer.allocUnsafe(keptBytesMax)
  return array
}

/** Written to by one at a time: nothing here waits. */
const keptBytesMax = 1024 ** 2
let written = Buffer.allocUnsafe(keptBytesMax)
let at = 0

function writeCell(type: CellType, cell: Cell): void {
  if (cell === undefined) {
    writeInteger(-1)
    return
  }
  const lengthAt = openLength()
  switch (type) {
    case 'text':
      writeText(cell as string)
      break
    case 'bigint':
      writeInteger(Math.floor((cell as number) / 2 ** 32))
      writeInteger(cell as number)
      break
    case 'boolean':
      room(1)
      written[at++] = cell === true ? 1 : 0
      break
    case 'bytea':
      writeBytes(cell as Uint8Array)
      break
    case 'text[]':
      writeArray('text', cell as readonly string[])
      break
    case 'bytea[]':
      writeArray('bytea', cell as readonly Uint8Array[])
      break
  }
  closeLength(lengthAt)
}

function writeArray(type: 'text' | 'bytea', cells: readonly (string | Uint8Array)[]): void {
  writeArrayHead(typeOids[type], cells.length)
  for (const cell of cells) writeCell(type, cell)
}

function writeArrayHead(elementOid: number, count: number): void {
  writeInteger(count === 0 ? 0 : 1)
  // No element is NULL.
  writeInteger(0)
  writeInteger(elementOid)
  if (count === 0) return
  writeInteger(count)
  writeInteger(1)
}

/** PostgreSQL's texts hold no NUL; a lone surrogate becomes U+FFFD as it is written. */
function writeText(text: string): void {
  room(text.length * 3)
  at += written.write(text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text, at)
}

function writeBytes(bytes: Uint8Array): void {
  room(bytes.length)
  written.set(bytes, at)
  at += bytes.length
}

/** The lower 32 bits. */
function writeInteger(value: number): void {
  room(4)
  at = written.writeInt32BE(value | 0, at)
}

/** What follows is told by its length, which is known when it is written. */
function openLength(): number {
  room(4)
  at += 4
  return at
}

function closeLength(from: number): void {
  written.writeInt32BE(at - from, from - 4)
}

function room(bytes: number): void {
  if (at + bytes <= written.length) return
  const larger = Buffer.allocUnsafe(Math.max(written.length * 2, at + bytes))
  written.copy(larger, 0, 0, at)
  written = larger
}
