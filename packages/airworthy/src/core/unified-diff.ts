/** The difference of two texts as `diff -u` prints it, for a person to read and for `patch` to apply. */

const contextLines = 3
/** Above this many comparisons the middle is replaced as a whole: still right, only longer. */
const comparisonsMax = 16_000_000

interface Edit {
  readonly kind: ' ' | '-' | '+'
  readonly line: string
}

export interface DiffNames {
  /** `/dev/null` for a file that does not exist yet. */
  readonly before: string
  readonly after: string
}

/** Empty when the texts are equal. Lines end with a line feed; a last one without it is marked as `diff` marks it. Pure. */
export function unifiedDiff(before: string, after: string, names: DiffNames): string {
  if (before === after) return ''
  const edits = editsOf(linesOf(before), linesOf(after))
  const hunks: string[] = []
  let index = 0
  let [oldLine, newLine] = [1, 1]
  while (index < edits.length) {
    if (edits[index]?.kind === ' ') {
      index++
      oldLine++
      newLine++
      continue
    }
    const end = hunkEnd(edits, index)
    const start = Math.max(0, index - contextLines)
    const hunk = edits.slice(start, end)
    const lead = index - start
    const removed = hunk.filter(({ kind }) => kind !== '+').length
    const added = hunk.filter(({ kind }) => kind !== '-').length
    hunks.push(
      `@@ -${rangeOf(oldLine - lead, removed)} +${rangeOf(newLine - lead, added)} @@\n${hunk.map(printed).join('')}`,
    )
    for (const { kind } of edits.slice(index, end)) {
      if (kind !== '+') oldLine++
      if (kind !== '-') newLine++
    }
    index = end
  }
  return `--- ${names.before}\n+++ ${names.after}\n${hunks.join('')}`
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function printed({ kind, line }: Edit): string {
  return line.endsWith('\n') ? `${kind}${line}` : `${kind}${line}\n\\ No newline at end of file\n`
}

/** An empty range names the line before it. */
function rangeOf(first: number, count: number): string {
  return count === 1 ? `${first}` : `${count === 0 ? first - 1 : first},${count}`
}

/** Behind the last change that is nearer than two contexts to the one before, and its own context. */
function hunkEnd(edits: readonly Edit[], from: number): number {
  let last = from
  for (let index = from; index < edits.length && index - last <= 2 * contextLines; index++) {
    if (edits[index]?.kind !== ' ') last = index
  }
  return Math.min(edits.length, last + 1 + contextLines)
}

function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++
  }
  const same = (line: string): Edit => ({ kind: ' ', line })
  return [
    ...before.slice(0, head).map(same),
    ...middleEdits(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ]
}

/** By the longest common subsequence of lines. */
function middleEdits(before: readonly string[], after: readonly string[]): Edit[] {
  const removal = (line: string): Edit => ({ kind: '-', line })
  const addition = (line: string): Edit => ({ kind: '+', line })
  if (before.length * after.length > comparisonsMax) return [...before.map(removal), ...after.map(addition)]
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        before[row] === after[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const edits: Edit[] = []
  let [row, column] = [0, 0]
  while (row < before.length && column < after.length) {
    const [old, now] = [before[row] as string, after[column] as string]
    if (old === now) {
      edits.push({ kind: ' ', line: old })
      row++
      column++
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      edits.push(removal(old))
      row++
    } else {
      edits.push(addition(now))
      column++
    }
  }
  return [...edits, ...before.slice(row).map(removal), ...after.slice(column).map(addition)]
}
