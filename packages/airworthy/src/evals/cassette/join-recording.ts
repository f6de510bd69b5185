/**
 * One cassette from what gateways recorded of a task: exchanges in the order in which they began, and in the place of each that is
 * not there one that says so. What should be there follows from two things: how many exchanges each gateway began, and
 * what the ledger holds of the task. Pure.
 */
import {
  type Cassette,
  type Exchange,
  kindOfExchange,
  type LostExchange,
  lossReasons,
  type Recorded,
} from './cassette.ts'
import type { Hiding } from './hide-exchange.ts'

export interface Recording {
  readonly task: string
  readonly agent: string
  readonly release: string
  readonly given: Cassette['given']
  readonly parts: readonly RecordingPart[]
  readonly pieces: readonly RecordingPiece[]
  readonly acts: readonly RecordedAct[]
}

/** What one gateway recorded of a task in one go. */
export interface RecordingPart {
  readonly part: string
  /** Exchanges that it began. */
  readonly begun: number
  /** An exchange was under way when it last wrote. */
  readonly isOpen: boolean
  readonly lastMs: number
  readonly hiding: Hiding
  /** Said by whoever closed the task. */
  readonly reply?: string
}

export interface RecordingPiece {
  readonly part: string
  /** 1-based, in the order in which the gateway began them. */
  readonly n: number
  readonly begunMs: number
  readonly endedMs: number
  readonly exchange: Exchange
}

/** What the ledger has of a task: an action, by its id, or a call of the model. */
export interface RecordedAct {
  readonly kind: 'tool' | 'model'
  readonly id: string
  readonly atMs: number
}

interface Placed {
  readonly begunMs: number
  readonly exchange: Exchange
}

/** A gateway notes when a call came, the ledger when it was reserved. */
const slackMs = 2_000

export function joinRecording({ task, agent, release, given, parts, pieces, acts }: Recording): Cassette {
  const kept = pieces.map((piece): RecordingPiece => piece).sort(byOrder)
  const lostActs = actsWithoutExchange(acts, kept)
  const gaps = gapsOf(parts, kept)
  // Most gaps are acts that the ledger knows; what else is gone nobody can name.
  const unnamed = gaps.slice(Math.min(lostActs.length, gaps.length))
  // What is gone stands before what began at the same time: it is known by its number to have been earlier.
  const placed: Placed[] = [
    ...lostActs.map(({ kind, atMs }) => ({ begunMs: atMs, exchange: lostExchange({ why: 'unwritten', kind }) })),
    ...unnamed.map((begunMs) => ({ begunMs, exchange: lostExchange({ why: 'unwritten', kind: 'any' }) })),
    ...kept,
  ]
  placed.sort((a, b) => a.begunMs - b.begunMs)
  const exchanges = placed.map(({ exchange }) => exchange)
  const reply = parts.find((part) => part.reply !== undefined)?.reply
  const hiding = parts[0]?.hiding
  const recorded: Recorded | undefined = hiding && {
    hiding,
    redacted: exchanges.filter((one) => one.redacted !== undefined).length,
    missing: placed.flatMap(({ exchange, begunMs }, at) =>
      exchange.lost === undefined ? [] : [missingSentence(exchange, exchange.lost, at, begunMs)],
    ),
  }
  return {
    version: 1,
    task,
    agent,
    release,
    given,
    exchanges,
    ...(reply === undefined ? {} : { reply }),
    ...(recorded === undefined ? {} : { recorded }),
  }
}

function byOrder(a: RecordingPiece, b: RecordingPiece): number {
  return a.begunMs - b.begunMs || (a.part < b.part ? -1 : a.part > b.part ? 1 : a.n - b.n)
}

/** When something began of which there is no piece: before the next one that is there, else after the last. */
function gapsOf(parts: readonly RecordingPart[], kept: readonly RecordingPiece[]): readonly number[] {
  return parts.flatMap(({ part, begun, isOpen, lastMs }) => {
    const own = kept.filter((piece) => piece.part === part)
    const numbers = new Set(own.map(({ n }) => n))
    const gone: number[] = []
    for (let n = 1; n <= begun; n++) {
      if (numbers.has(n)) continue
      gone.push(own.find((piece) => piece.n > n)?.begunMs ?? lastMs + 1)
    }
    // It wrote last in the middle of something that has no number yet, or that its own count leaves out.
    return isOpen && gone.length === 0 ? [lastMs + 1] : gone
  })
}

/** Acts of the ledger that no exchange is about. An answer names its action; a call of the model is known by its time. */
function actsWithoutExchange(acts: readonly RecordedAct[], kept: readonly RecordingPiece[]): readonly RecordedAct[] {
  const lost = new Map<ReturnType<typeof kindOf>, number>()
  for (const piece of kept) {
    if (piece.exchange.lost !== undefined) lost.set(kindOf(piece), (lost.get(kindOf(piece)) ?? 0) + 1)
  }
  const answers = kept.map(({ exchange }) => `${exchange.path} ${exchange.answer}`)
  const calls = kept.filter((piece) => kindOf(piece) === 'model' && piece.exchange.lost === undefined)
  const claimed = new Set<RecordingPiece>()
  const missing = acts.filter(({ kind, id, atMs }) => {
    if (kind === 'tool') return !answers.some((answer) => answer.includes(id))
    const call = calls.find(
      (piece) => !claimed.has(piece) && piece.begunMs - slackMs <= atMs && atMs <= piece.endedMs + slackMs,
    )
    if (call !== undefined) claimed.add(call)
    return call === undefined
  })
  // Exchanges that are known to be lost are some of these.
  return missing.filter(({ kind }) => {
    const known = lost.get(kind) ?? 0
    if (known > 0) lost.set(kind, known - 1)
    return known === 0
  })
}

function kindOf({ exchange }: RecordingPiece): LostExchange['kind'] {
  if (exchange.lost !== undefined) return exchange.lost.kind
  return exchange.method === 'GET' ? 'other' : kindOfExchange(exchange).kind
}

function lostExchange(lost: LostExchange): Exchange {
  return { method: '', path: '', requestHeaders: {}, request: '', status: 0, answerHeaders: {}, answer: '', lost }
}

function missingSentence({ method, path }: Exchange, lost: LostExchange, at: number, begunMs: number): string {
  const named = { model: 'a model call', tool: 'a tool call', other: 'a request', any: 'a request' }[lost.kind]
  const what = path === '' ? named : `${method} ${path}`
  return `Step ${at + 1}, ${what} of ${new Date(begunMs).toISOString()}: ${lossReasons[lost.why]}.`
}
