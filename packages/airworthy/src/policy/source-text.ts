/**
 * Cedar text as a sequence of tokens, as far as the kit must know it: where one policy ends and the next begins, where each
 * stands for people, how deep it nests, and which integers a double would lose. Everything else is left to Cedar's parser.
 */
import { longMax } from './long.ts'

export interface PolicyPiece {
  /** From its first token to its semicolon, comments inside included. */
  readonly text: string
  /** UTF-16 offset in the whole text. */
  readonly offset: number
  /** 1-based, in UTF-16 units. */
  readonly line: number
  readonly column: number
  /** The deepest nesting of brackets. */
  readonly depth: number
  readonly integers: readonly IntegerToken[]
}

interface IntegerToken {
  /** UTF-16 offset in the piece. */
  readonly offset: number
  readonly digits: string
}

// Cedar's lexer: comments to the end of the line, strings with backslash escapes, words, integers, and single characters.
const token = /\/\/[^\n\r]*|\s+|"(?:\\[\s\S]|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[\s\S]/gy

/** Splits at the semicolons that are code. What follows the last one is a piece of its own if it holds any token. */
export function splitPolicies(text: string): readonly PolicyPiece[] {
  const pieces: PolicyPiece[] = []
  const positions = lineStartsOf(text)
  let start: number | undefined
  let end = 0
  let depth = 0
  let depthMost = 0
  let integers: IntegerToken[] = []
  const finish = (): void => {
    if (start === undefined) return
    pieces.push({
      text: text.slice(start, end),
      offset: start,
      ...placeAt(positions, start),
      depth: depthMost,
      integers,
    })
    start = undefined
    depth = 0
    depthMost = 0
    integers = []
  }
  for (const match of text.matchAll(token)) {
    const [found] = match
    const first = found.charCodeAt(0)
    if (isBlank(found) || found.startsWith('//')) continue
    start ??= match.index
    end = match.index + found.length
    if (first >= 48 && first <= 57) integers.push({ offset: match.index - start, digits: found })
    else if (found === '(' || found === '[' || found === '{') depthMost = Math.max(depthMost, ++depth)
    else if (found === ')' || found === ']' || found === '}') depth--
    else if (found === ';') finish()
  }
  finish()
  return pieces
}

/**
 * Replaces integers beyond 2^53-1 by stand-ins of the same length that a double holds and the piece does not use otherwise.
 * Integers that not even int64 holds are left for Cedar to refuse; so is 2^63, which it accepts behind a minus sign.
 */
export function withStandIns(piece: PolicyPiece): { text: string; standIns: ReadonlyMap<number, string> } {
  const standIns = new Map<number, string>()
  const used = new Set(piece.integers.map(({ digits }) => Number(digits)))
  let text = piece.text
  let standIn = 2 ** 52
  for (const { offset, digits } of piece.integers) {
    const value = BigInt(digits)
    if (value <= BigInt(Number.MAX_SAFE_INTEGER) || value > longMax) continue
    while (used.has(standIn)) standIn++
    used.add(standIn)
    standIns.set(standIn, value.toString())
    text = text.slice(0, offset) + String(standIn).padStart(digits.length, '0') + text.slice(offset + digits.length)
  }
  return { text, standIns }
}

/** The place in the whole text of a UTF-8 byte offset in a piece (Cedar counts bytes). */
export function placeOfByte(piece: PolicyPiece, byteOffset: number): { line: number; column: number } {
  const before = Buffer.from(piece.text).subarray(0, byteOffset).toString()
  const lines = before.split('\n')
  const last = lines[lines.length - 1] as string
  return lines.length === 1
    ? { line: piece.line, column: piece.column + last.length }
    : { line: piece.line + lines.length - 1, column: last.length + 1 }
}

function isBlank(found: string): boolean {
  return found.trim() === ''
}

function lineStartsOf(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function placeAt(lineStarts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lineStarts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (lineStarts[low] as number) + 1 }
}
