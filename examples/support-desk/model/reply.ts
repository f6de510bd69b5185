/** Writes the answer to the user: what was found, done, left waiting or refused, in plain words. */

import { askedAbout } from './known.ts'
import type { Ask } from './language/asks.ts'
import { nameWords, stemOf, stemsOf } from './language/words.ts'
import { pickBySeed } from './seeded.ts'
import type { Standing } from './settle-ask.ts'
import { idNouns, type Parameter, type Tool } from './tools.ts'
import { isRecord, type PastCall } from './transcript.ts'
import { rowOf } from './write-text.ts'

export interface Part {
  readonly ask: Ask
  /** True for an instruction that a tool's answer carried. */
  readonly found: boolean
  readonly standing: Standing
  /** It was left out because what it follows on has not happened. */
  readonly waits: boolean
}

export interface Telling {
  readonly parts: readonly Part[]
  readonly calls: readonly PastCall[]
  readonly stopped: PastCall | undefined
  readonly tools: readonly Tool[]
  readonly asked: string
  readonly seed: number
}

export function composeReply(telling: Telling): string {
  const { parts, stopped, asked, seed } = telling
  if (stopped !== undefined) return stopText(telling, stopped)
  const nouns = idNouns(telling.tools)
  const lines = parts.flatMap((part) => partLines(part, nouns))
  if (lines.length > 0) return [...new Set(lines)].join('\n')
  const greetings = ['How can I help you?', 'What can I do for you?', 'Tell me what you need.'] as const
  return pickBySeed(greetings, seed, asked)
}

function stopText({ calls, tools }: Telling, stopped: PastCall): string {
  const done = calls.filter(
    ({ tool, result }) => result.state === 'ok' && tools.find(({ name }) => name === tool)?.reads === false,
  )
  const before = done.length === 0 ? 'Nothing has been changed.' : `Done before that: ${done.map(deed).join('; ')}.`
  return `I have to stop here: ${ended(stopped.result.message)} ${before} What is left has not been done.`
}

function partLines({ ask, found, standing, waits }: Part, nouns: ReadonlySet<string>): string[] {
  if (waits)
    return [`Not done, because it was to follow on something that has not happened: ${ask.text.replace(/[.!]+$/, '')}.`]
  switch (standing.is) {
    case 'told':
      return found ? [] : standing.calls.flatMap((call) => answerLines(ask, call, nouns))
    case 'made':
      return [madeLine(standing.call, found)]
    case 'blocked':
      return found ? [] : [`I could not go on with "${ask.text}": ${notOk(standing.call)}`]
    case 'missing':
      return found ? [] : [questionFor(standing.parameters, standing.tool)]
    default:
      return found ? [] : [`I have no tool for this: ${ask.text.replace(/[.?!]+$/, '')}.`]
  }
}

function madeLine(call: PastCall, found: boolean): string {
  const because = found ? ' (a text that I read asked for it)' : ''
  if (call.result.state !== 'ok') return notOk(call)
  const told = isRecord(call.result.value) ? scalarsOf(call.result.value) : {}
  return `Done${because}: ${deed(call)}.${Object.keys(told).length > 0 ? ` Result: ${rowOf(told)}.` : ''}`
}

function notOk(call: PastCall): string {
  const { state, message } = call.result
  if (state === 'held')
    return `Waiting for confirmation by a person, and not done yet: ${deed(call)}. ${ended(message)}`
  if (state === 'denied') return `Not allowed, and not done: ${deed(call)}. ${ended(message)}`
  return `It did not work: ${deed(call)}. ${ended(message)}`
}

/** "issue refund (order id: 12, amount: 5)". */
function deed({ tool, arguments: args }: PastCall): string {
  const short = Object.entries(args).filter(([, value]) => String(value).length <= 60)
  return `${nameWords(tool).join(' ').toLowerCase()}${short.length > 0 ? ` (${rowOf(Object.fromEntries(short))})` : ''}`
}

function questionFor(parameters: readonly Parameter[], tool: Tool): string {
  const wanted = parameters.map(
    ({ name, description }) => description.replace(/\.$/, '').toLowerCase() || nameWords(name).join(' '),
  )
  return `I need to know more before I can ${nameWords(tool.name).join(' ').toLowerCase()}: ${wanted.join(' and ')}?`
}

const rowsMax = 30

/** The records that the question describes, or all; of each the fields that it names, or all. */
function answerLines(ask: Ask, { result, tool }: PastCall, nouns: ReadonlySet<string>): string[] {
  const records = recordsOf(result.value)
  if (records.length === 0) return [`Nothing was found (${nameWords(tool).join(' ').toLowerCase()}).`]
  const wanted = askedAbout(ask, nouns)
  // "The open tickets": what a value answers picks records; what a field's name answers picks fields.
  const byValue = new Set(wanted.filter((stem) => records.some((record) => hasValue(record, stem))))
  const described = records.filter((record) => [...byValue].some((stem) => hasValue(record, stem)))
  const shown = described.length > 0 ? described : records
  const fields = new Set(wanted.filter((stem) => !byValue.has(stem)))
  const rows = shown.map((record) => fieldsWanted(record, fields, ask))
  const telling = rows.some(({ told }) => told) ? rows.filter(({ told }) => told) : rows
  const count = /\bhow many\b/i.test(ask.text) ? [`There ${shown.length === 1 ? 'is 1' : `are ${shown.length}`}.`] : []
  return [...count, ...telling.slice(0, rowsMax).map(({ fields: row }) => ended(rowOf(row)))]
}

function hasValue(record: Record<string, unknown>, stem: string): boolean {
  return Object.values(record).some(
    (value) => typeof value === 'string' && value.length < 40 && stemsOf(value).includes(stem),
  )
}

interface Row {
  readonly fields: Record<string, unknown>
  /** Whether the question named any of its fields. */
  readonly told: boolean
}

function fieldsWanted(record: Record<string, unknown>, wanted: ReadonlySet<string>, ask: Ask): Row {
  const asksWhen = /\bwhen\b/i.test(ask.text)
  const asksHowMuch = /\bhow much\b/i.test(ask.text)
  const entries = Object.entries(record)
  const isId = (field: string): boolean => nameWords(field).map(stemOf).includes('id')
  const told = entries.filter(([field, value]) => {
    if (isId(field)) return false
    if (asksWhen && typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value)) return true
    if (asksHowMuch && typeof value === 'number') return true
    return nameWords(field)
      .map(stemOf)
      .some((stem) => wanted.has(stem))
  })
  if (told.length === 0) return { fields: record, told: false }
  return { fields: Object.fromEntries([...entries.filter(([field]) => isId(field)).slice(0, 1), ...told]), told: true }
}

function recordsOf(value: unknown): Record<string, unknown>[] {
  if (typeof value === 'string') return value === '' ? [] : [{ answer: value }]
  if (Array.isArray(value)) return value.flatMap(recordsOf)
  if (!isRecord(value)) return []
  const own = scalarsOf(value)
  const inner = Object.values(value)
    .filter((field) => typeof field === 'object')
    .flatMap(recordsOf)
  return Object.keys(own).length > 0 ? [own, ...inner] : inner
}

function scalarsOf(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  )
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence.trim()) ? sentence.trim() : `${sentence.trim()}.`
}
