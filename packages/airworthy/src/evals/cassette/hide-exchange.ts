/**
 * Takes out of an exchange what the manifest does not let stand anywhere but in the log's bodies: secrets always, every other class
 * unless its `before_model` is `allow`. An exchange in which nothing is found stays byte for byte; one in which something is taken out
 * is JSON written anew. Pure: what is hidden once is hidden the same way in a replay.
 */
import { type DataClass, dataClasses } from '../../core/action.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { DataRules } from '../../data/detect.ts'
import { redactClasses, redactFully } from '../../data/redact.ts'
import { type Exchange, kindOfExchange, parsed } from './cassette.ts'

/** What is hidden, as plain data: a recording carries it, so that a replay does not depend on the manifest of that day. */
export interface Hiding {
  readonly rules: DataRules
  readonly classes: readonly DataClass[]
}

export function hidingOf(data: EffectiveManifest['data']): Hiding {
  const detect = data.secret.detect.includes('credentials')
    ? data.secret.detect
    : [...data.secret.detect, 'credentials']
  return {
    rules: { ...data, secret: { ...data.secret, detect } },
    classes: dataClasses.filter((one) => one === 'secret' || data[one].beforeModel !== 'allow'),
  }
}

/** The exchange as it may be kept; `lost` where nobody can tell what is in it. Never throws. */
export function hiddenExchange(exchange: Exchange, hiding: Hiding): Exchange {
  const request = hiddenText(exchange.request, hiding)
  const answer = hiddenText(exchange.answer, hiding)
  const path = hiddenText(exchange.path, hiding)
  if (request === undefined || answer === undefined || path === undefined) {
    const { kind } = kindOfExchange(exchange)
    return { ...exchange, path: path ?? '', request: '', answer: '', lost: { why: 'unreadable', kind } }
  }
  if (request === exchange.request && answer === exchange.answer && path === exchange.path) return exchange
  return { ...exchange, path, request, answer, redacted: true }
}

/** The text itself where nothing is found; undefined where it cannot be looked through. Never throws. */
export function hiddenText(text: string, { rules, classes }: Hiding): string | undefined {
  try {
    const value = parsed(text)
    if (value !== undefined) {
      const redacted = redactClasses(value, rules, classes)
      return redacted === value ? text : JSON.stringify(redacted)
    }
    if (isEventStream(text)) return hiddenEvents(text, { rules, classes })
    return redactFully(text, rules, classes)
  } catch {
    return undefined
  }
}

function isEventStream(text: string): boolean {
  return /^\s*(?:event|data|id|retry)?:/.test(text)
}

/** Members in which a stream sends a text piece by piece: only joined do they show what is in them. */
const piecewise: ReadonlySet<string> = new Set([
  'content',
  'text',
  'delta',
  'arguments',
  'partial_json',
  'refusal',
  'thinking',
  'reasoning',
  'reasoning_content',
])

interface EventLine {
  /** Of the text. */
  readonly at: number
  value: JsonValue
}

interface Piece {
  readonly holder: Record<string, JsonValue>
  readonly key: string
}

/**
 * Each event by itself, then what events say together: a text in which something is found stands whole in its first piece, redacted,
 * and the pieces after it are empty.
 */
function hiddenEvents(text: string, hiding: Hiding): string {
  const lines = text.split(/\r\n|\r|\n/)
  const events: EventLine[] = []
  let isChanged = false
  for (const [at, line] of lines.entries()) {
    const value = line.startsWith('data:') ? parsed(line.slice(5)) : undefined
    if (value === undefined) {
      const redacted = redactFully(line, hiding.rules, hiding.classes)
      isChanged ||= redacted !== line
      lines[at] = redacted
      continue
    }
    const redacted = redactClasses(value, hiding.rules, hiding.classes)
    if (redacted !== value) {
      isChanged = true
      lines[at] = `data: ${JSON.stringify(redacted)}`
    }
    events.push({ at, value: structuredClone(redacted) })
  }
  const series = new Map<string, Piece[]>()
  for (const { value } of events) collectPieces(value, '', series)
  for (const pieces of series.values()) {
    const joined = pieces.map(({ holder, key }) => holder[key] as string).join('')
    const redacted = redactFully(joined, hiding.rules, hiding.classes)
    if (redacted === joined) continue
    isChanged = true
    for (const [index, { holder, key }] of pieces.entries()) holder[key] = index === 0 ? redacted : ''
  }
  if (!isChanged) return text
  for (const { at, value } of events) {
    if (lines[at]?.startsWith('data:')) lines[at] = `data: ${JSON.stringify(value)}`
  }
  return lines.join('\n')
}

/** Pieces of one text have the same path and the same place among several (`index`, `output_index` and the like beside them). */
function collectPieces(value: JsonValue, path: string, series: Map<string, Piece[]>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectPieces(item, `${path}/*`, series)
    return
  }
  if (!isJsonObject(value)) return
  const place = ['index', 'output_index', 'content_index', 'item_id'].map((name) => value[name] ?? '').join(' ')
  const here = `${path}[${place}]`
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'string') {
      collectPieces(member, `${here}/${key}`, series)
    } else if (piecewise.has(key)) {
      const name = `${here}/${key}`
      const pieces = series.get(name) ?? []
      series.set(name, pieces)
      pieces.push({ holder: value as Record<string, JsonValue>, key })
    }
  }
}
