/**
 * Reads one bounded YAML document into plain values and keeps where each came from. Refused, because a reader of the file would
 * not see what they do: anchors, aliases, tags, merge keys, several documents, keys that reach an object's prototype.
 */
import { isMap, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument } from 'yaml'
import type { ErrorCode } from '../error-codes.ts'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonValue, jsonDepthMax, prototypeKeys } from '../json.ts'

export const manifestBytesMax = 1024 * 1024

export type Path = readonly (string | number)[]

export interface YamlReading {
  readonly value: JsonValue
  /** Line and column (1-based) of the value at a path, or of its key; of the nearest parent when the path does not exist. */
  placeOf(path: Path, part?: 'key' | 'value'): { readonly line: number; readonly column: number }
  readonly faults: readonly Fault[]
}

/** Never throws. A text with faults still gives the value read so far, so that other checks can add theirs. */
export function readYaml(text: string, file: string): YamlReading {
  const bytes = Buffer.byteLength(text)
  if (bytes > manifestBytesMax) {
    return refused(file, `The file has ${bytes} bytes; the limit is ${manifestBytesMax}.`)
  }
  if (flowDepth(text) > jsonDepthMax) return refused(file, `The file is nested deeper than ${jsonDepthMax} levels.`)

  const lines = new LineCounter()
  // Keys are compared by the walk below: the library's own check is quadratic (47 s at 80,000 keys).
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  })
  if (document.errors.some((error) => error.code === 'RESOURCE_EXHAUSTION' || /call stack/.test(error.message))) {
    return refused(file, `The file is nested deeper than ${jsonDepthMax} levels.`)
  }
  const walk = new YamlWalk(file, lines)
  for (const error of document.errors) {
    walk.add('MANIFEST_SYNTAX', error.pos[0], [], sentence(error.message), 'Correct the YAML at this place.')
  }
  const value = walk.read(document.contents as Node | null, [], 0)
  return { value, placeOf: (path, part) => walk.placeOf(path, part), faults: walk.faults }
}

export function pathText(path: Path): string {
  return path.join('.')
}

class YamlWalk {
  readonly faults: Fault[] = []
  private readonly places = new Map<string, { key: number; value: number }>()
  private readonly file: string
  private readonly lines: LineCounter

  constructor(file: string, lines: LineCounter) {
    this.file = file
    this.lines = lines
  }

  placeOf(path: Path, part: 'key' | 'value' = 'value'): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const place = this.places.get(placeKey(path.slice(0, length)))
      if (place === undefined) continue
      // A missing child is reported at its parent's key: the line that a person would look at.
      return this.at(length === path.length && part === 'value' ? place.value : place.key)
    }
    return { line: 1, column: 1 }
  }

  add(code: ErrorCode, offset: number, path: Path, message: string, mend: string): void {
    const dotted = pathText(path)
    this.faults.push({
      code,
      message,
      mend,
      file: this.file,
      ...this.at(offset),
      ...(dotted === '' ? {} : { path: dotted }),
    })
  }

  read(node: Node | null, path: Path, keyOffset: number): JsonValue {
    const offset = node?.range?.[0] ?? keyOffset
    if (node === null) {
      this.places.set(placeKey(path), { key: keyOffset, value: keyOffset })
      return null
    }
    this.places.set(placeKey(path), { key: path.length === 0 ? offset : keyOffset, value: offset })
    if (path.length > jsonDepthMax) {
      this.add(
        'MANIFEST_LIMIT_EXCEEDED',
        offset,
        path,
        `The file is nested deeper than ${jsonDepthMax} levels.`,
        'Flatten it.',
      )
      return null
    }
    const written = node as Node & { anchor?: string; tag?: string; source?: string }
    if (written.anchor !== undefined) this.refuse(offset, path, 'an anchor (&)')
    if (written.tag !== undefined) this.refuse(offset, path, 'a tag (!)')
    if (isMap(node)) {
      const value: Record<string, JsonValue> = {}
      for (const pair of node.items)
        this.readPair(value, pair.key as Node | null, pair.value as Node | null, path, offset)
      return value
    }
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        this.read(item as Node | null, [...path, index], (item as Node | null)?.range?.[0] ?? offset),
      )
    }
    if (isScalar(node)) return this.scalar(node.value, written.source ?? '', offset, path)
    this.refuse(offset, path, 'an alias (*)')
    return null
  }

  private readPair(
    into: Record<string, JsonValue>,
    key: Node | null,
    value: Node | null,
    path: Path,
    parent: number,
  ): void {
    const offset = key?.range?.[0] ?? parent
    if (!isScalar(key)) {
      this.refuse(offset, path, 'a key that is not a plain text')
      return
    }
    const name = typeof key.value === 'string' ? key.value : String(key.source ?? '')
    const child = [...path, name]
    const hidden = hiddenInKey(name, key)
    if (hidden !== undefined) this.refuse(offset, child, hidden, 'Use another key, or write out what it stands for.')
    else if (Object.hasOwn(into, name)) {
      const first = this.placeOf(child, 'key')
      const message = `"${name}" stands here twice; the first is on line ${first.line}.`
      this.add('MANIFEST_SYNTAX', offset, child, message, 'Keep one of the two.')
    } else into[name] = this.read(value, child, offset)
  }

  private scalar(value: unknown, source: string, offset: number, path: Path): JsonValue {
    if (
      typeof value === 'number' &&
      (!Number.isFinite(value) || (/^[-+]?\d+$/.test(source) && !Number.isSafeInteger(value)))
    ) {
      const message = 'This number has no exact form here.'
      this.add('MANIFEST_VALUE_INVALID', offset, path, message, 'Write a finite number, of at most 15 digits.')
      return 0
    }
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return value
    this.refuse(offset, path, 'a value of a kind that JSON does not have')
    return null
  }

  private refuse(offset: number, path: Path, what: string, mend = 'Write the value out in full.'): void {
    const message = `YAML allows ${what}; the manifest does not, because a reader could not see what it does.`
    this.add('MANIFEST_YAML_REFUSED', offset, path, message, mend)
  }

  private at(offset: number): { line: number; column: number } {
    const { line, col } = this.lines.linePos(offset)
    return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col }
  }
}

function hiddenInKey(name: string, key: { anchor?: string; tag?: string }): string | undefined {
  if (name === '<<') return 'a merge key (<<)'
  if (prototypeKeys.has(name)) return `the key "${name}", which reaches an object's prototype`
  return key.anchor === undefined && key.tag === undefined ? undefined : 'an anchor or tag on a key'
}

/** Values under a path of keys; undefined when there is none. */
export function valueAt(value: JsonValue, path: Path): JsonValue | undefined {
  let current: JsonValue | undefined = value
  for (const key of path) {
    if (Array.isArray(current)) current = (current as readonly JsonValue[])[Number(key)]
    else if (isJsonObject(current) && Object.hasOwn(current, key)) current = current[key]
    else return undefined
  }
  return current
}

function placeKey(path: Path): string {
  return path.join('\u0000')
}

/** Deepest nesting of [ and {: looked at before the composer runs, which is recursive. */
function flowDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
    if (deepest > jsonDepthMax) break
  }
  return deepest
}

function sentence(message: string): string {
  const first = message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
  return /[.!?]$/.test(first) ? first : `${first}.`
}

function refused(file: string, message: string): YamlReading {
  const mend = 'Make the file smaller and flatter.'
  const fault: Fault = { code: 'MANIFEST_LIMIT_EXCEEDED', message, mend, file, line: 1, column: 1 }
  return { value: null, placeOf: () => ({ line: 1, column: 1 }), faults: [fault] }
}
