/**
 * Answers an agent's requests from a cassette, and finds the first one that is not as it was. A request is the recorded one when method,
 * path and body are the same bytes; volatile members, which no agent repeats, are listed where one was needed. Nothing is ever asked live.
 */
import { canonicalJson } from '../../core/canonical.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { type Cassette, type Exchange, type ExchangeKind, kindOfExchange, lossReasons, parsed } from './cassette.ts'
import { hiddenText } from './hide-exchange.ts'

export interface Difference {
  /** 1-based position of the exchange among those recorded. */
  readonly step: number
  /** `missing`: the record lacks what was asked for here, so nobody can tell whether it is the same. */
  readonly kind: ExchangeKind | 'reply' | 'end' | 'missing'
  /** JSON Pointer into the body; empty: the whole of it, or the request itself. */
  readonly path: string
  readonly want: string
  readonly got: string
}

export interface AskedOnReplay {
  readonly method: string
  readonly path: string
  readonly request: string
}

export interface CassettePlayer {
  /** The recorded answer, or the difference; once there was one, every later request gets the same. */
  answer(asked: AskedOnReplay): { readonly exchange: Exchange } | { readonly difference: Difference }
  /** What is different in the end: the reply, or requests that never came. Undefined: nothing at all. */
  finish(reply: string | undefined): Difference | undefined
  /** Volatile members that were left out of a comparison, as JSON Pointers. */
  readonly exempted: ReadonlySet<string>
  readonly answered: number
}

/** Members that a client makes anew each time and that change nothing: the number of a JSON-RPC message, its progress token. */
const volatilePointers: readonly string[] = ['/id', '/params/_meta/progressToken', '/params/_meta/traceparent']

const shownMax = 400

export function cassettePlayer(cassette: Cassette, volatile: readonly string[] = volatilePointers): CassettePlayer {
  const left = cassette.exchanges.map((exchange, at) => ({ exchange, at }))
  const exempted = new Set<string>()
  let difference: Difference | undefined
  let answered = 0

  function take(at: number, asked: AskedOnReplay): { readonly exchange: Exchange } {
    const index = left.findIndex((one) => one.at === at)
    const [taken] = left.splice(index, 1)
    answered++
    return { exchange: withSameId(taken?.exchange as Exchange, asked) }
  }

  return {
    exempted,
    get answered() {
      return answered
    },
    answer(asked) {
      if (difference !== undefined) return { difference }
      const { kind } = kindOfExchange(asked)
      const mayBe = left.filter(({ exchange }) => isOf(exchange, asked, kind))
      const there = mayBe.filter(({ exchange }) => exchange.lost === undefined)
      const comparable = comparableRequests(cassette, asked.request)
      const same = there.find(({ exchange }) => exchange.request === comparable.of(exchange))
      if (same !== undefined) return take(same.at, asked)
      const alike = there
        .map(({ exchange, at }) => ({ exchange, at, got: stripped(comparable.of(exchange), volatile) }))
        .find(({ exchange, got }) => stripped(exchange.request, volatile).text === got.text)
      if (alike !== undefined) {
        for (const pointer of alike.got.removed) exempted.add(pointer)
        return take(alike.at, asked)
      }
      const [next] = mayBe
      if (next?.exchange.lost !== undefined) {
        difference = missing(next.at, next.exchange, `${asked.method} ${asked.path}`)
        return { difference }
      }
      if (next === undefined) {
        const want =
          left[0] === undefined ? 'no further request' : `${left[0].exchange.method} ${left[0].exchange.path}`
        difference = { step: answered + 1, kind, path: '', want, got: `${asked.method} ${asked.path}` }
      } else {
        const place = firstDifference(next.exchange.request, comparable.of(next.exchange), volatile)
        difference = { step: next.at + 1, kind, ...place }
      }
      return { difference }
    },
    finish(reply) {
      if (difference !== undefined) return difference
      const [next] = left.filter(({ exchange }) => !isClosing(exchange))
      if (next?.exchange.lost !== undefined) return missing(next.at, next.exchange, 'the agent ended')
      if (next !== undefined) {
        const { method, path } = next.exchange
        return { step: next.at + 1, kind: 'end', path: '', want: `${method} ${path}`, got: 'the agent ended' }
      }
      if (left.length > 0) exempted.add(closing)
      // Of a task that was no trial the kit knows a reply only where somebody told it.
      if (cassette.recorded !== undefined && cassette.reply === undefined) return undefined
      const said = cassette.recorded === undefined || reply === undefined ? reply : hidden(cassette, reply)
      if (said === cassette.reply) return undefined
      const step = cassette.exchanges.length + 1
      return { step, kind: 'reply', path: '', want: shown(cassette.reply), got: shown(said) }
    },
  }
}

/** Whether a request could be this exchange: of one that was lost nobody may know more than what kind it was. */
function isOf({ lost, method, path }: Exchange, asked: AskedOnReplay, kind: ExchangeKind): boolean {
  if (lost === undefined || path !== '') return method === asked.method && path === asked.path
  return lost.kind === 'any' || lost.kind === kind
}

function missing(at: number, { lost }: Exchange, got: string): Difference {
  const why = lossReasons[lost?.why ?? 'unwritten']
  return { step: at + 1, kind: 'missing', path: '', want: `not on record: ${why}`, got }
}

/** The request as each exchange would hold it: as it is, or with everything taken out that was not to be kept. */
function comparableRequests(cassette: Cassette, request: string): { of(exchange: Exchange): string } {
  let redacted: string | undefined
  return {
    of(exchange) {
      if (exchange.redacted === undefined) return request
      redacted ??= hidden(cassette, request)
      return redacted
    },
  }
}

function hidden({ recorded }: Cassette, text: string): string {
  return recorded === undefined ? text : (hiddenText(text, recorded.hiding) ?? text)
}

/** Whoever opened a task may close it; in a replay nobody does. */
const closing = 'POST /api/v1/tasks/{id}/close'

function isClosing({ method, path }: Exchange): boolean {
  return method === 'POST' && /^\/api\/v1\/tasks\/[^/]+\/close$/.test(path)
}

/** The answer to a JSON-RPC message carries that message's own number. */
function withSameId(exchange: Exchange, asked: AskedOnReplay): Exchange {
  const [was, is] = [parsed(exchange.request), parsed(asked.request)]
  if (!isJsonObject(was) || !isJsonObject(is) || !('jsonrpc' in was) || was.id === is.id) return exchange
  const answer = parsed(exchange.answer)
  if (isJsonObject(answer)) return { ...exchange, answer: JSON.stringify({ ...answer, id: is.id ?? null }) }
  // A stream of events: each line of data that holds the number.
  const from = `"id":${JSON.stringify(was.id)}`
  return { ...exchange, answer: exchange.answer.replaceAll(from, `"id":${JSON.stringify(is.id)}`) }
}

function stripped(text: string, volatile: readonly string[]): { readonly text: string; readonly removed: string[] } {
  const value = parsed(text)
  if (!isJsonObject(value)) return { text, removed: [] }
  // Only messages of JSON-RPC have members that are volatile by nature.
  if (!('jsonrpc' in value)) return { text, removed: [] }
  const removed: string[] = []
  let kept: JsonObject = value
  for (const pointer of volatile) {
    const without = removedAt(kept, pointer.split('/').slice(1))
    if (without === undefined) continue
    kept = without
    removed.push(pointer)
  }
  return { text: canonicalJson(kept), removed }
}

function removedAt(value: JsonObject, [key, ...rest]: readonly string[]): JsonObject | undefined {
  if (key === undefined || !Object.hasOwn(value, key)) return undefined
  const { [key]: inner, ...others } = value
  if (rest.length === 0) return others
  const without = isJsonObject(inner) ? removedAt(inner, rest) : undefined
  return without === undefined ? undefined : { ...others, [key]: without }
}

/** Where two bodies part: by JSON Pointer where both are JSON, else by the first character. */
function firstDifference(
  want: string,
  got: string,
  volatile: readonly string[],
): Pick<Difference, 'path' | 'want' | 'got'> {
  const [wanted, gotten] = [parsed(stripped(want, volatile).text), parsed(stripped(got, volatile).text)]
  if (wanted === undefined || gotten === undefined) return { path: '', ...around(want, got) }
  return parting(wanted, gotten, '') ?? { path: '', want: 'the same JSON, written otherwise', got: 'other bytes' }
}

function parting(want: JsonValue, got: JsonValue, path: string): Pick<Difference, 'path' | 'want' | 'got'> | undefined {
  if (canonicalJson(want) === canonicalJson(got)) return undefined
  if (Array.isArray(want) && Array.isArray(got)) {
    for (let at = 0; at < Math.max(want.length, got.length); at++) {
      const found = one(want[at] as JsonValue | undefined, got[at] as JsonValue | undefined, `${path}/${at}`)
      if (found !== undefined) return found
    }
  } else if (isJsonObject(want) && isJsonObject(got)) {
    for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
      const found = one(want[key], got[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      if (found !== undefined) return found
    }
  } else if (typeof want === 'string' && typeof got === 'string') return { path, ...around(want, got) }
  return { path, want: shown(want), got: shown(got) }
}

function one(want: JsonValue | undefined, got: JsonValue | undefined, path: string) {
  if (want === undefined && got === undefined) return undefined
  if (want === undefined || got === undefined) return { path, want: shown(want), got: shown(got) }
  return parting(want, got, path)
}

/** A little before and after the first character that differs. */
function around(want: string, got: string): { readonly want: string; readonly got: string } {
  let at = 0
  while (at < want.length && want[at] === got[at]) at++
  const from = Math.max(0, at - 40)
  const cut = (text: string): string =>
    `${from > 0 ? '...' : ''}${text.slice(from, at + 80)}${text.length > at + 80 ? '...' : ''}`
  return { want: cut(want), got: cut(got) }
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}...`
}
