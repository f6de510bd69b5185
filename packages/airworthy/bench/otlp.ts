/**
 * Spans over HTTP into SQLite: spans of the shapes that OpenInference's fixtures have, 512 a request in protobuf, eight connections, the
 * kit in a process of its own. A request counts when it was answered, which is when its spans are durable. Words of long texts are
 * exchanged, so that no two spans of a request say the same: the store packs what repeats, and a bench must not give it more of that.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { writeCrashProject } from '../test/crash/crash-project.ts'
import { datasetsAbsent, datasetText } from '../test/fixtures/public-dataset.ts'
import { type AnyValue, exportOf, type JsonSpan, protoOf, protoSpan } from '../test/otlp/encode-export.ts'
import type { BenchRow } from './bench-row.ts'
import { quantile } from './quantile.ts'

/** The claim is about a million (`--spans 1000000`); a run of everything takes a fifth of it. */
const givenSpans = process.argv.indexOf('--spans')
const spansTotal = givenSpans === -1 ? 200_000 : Number(process.argv[givenSpans + 1])
const perRequest = 512
const connections = 8
const treeSpans = 10_000

export async function benchOtlp(): Promise<BenchRow[]> {
  if (datasetsAbsent !== undefined) {
    console.log(`  skipped: ${datasetsAbsent}`)
    return []
  }
  const spans = fixtureSpans()
  const sizes = spans.map((span) => protoSpan(span).length)
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-'))
  writeCrashProject(folder)
  const server = await start(folder)
  try {
    const template = templateOf(spans)
    const before = await usageOf(server.child)
    const agent = new Agent({ keepAlive: true, maxSockets: connections })
    let left = Math.ceil(spansTotal / perRequest)
    let batch = 0
    const takenMs: number[] = []
    const startedAt = performance.now()
    const work = async (): Promise<void> => {
      const body = template.body()
      while (left-- > 0) {
        template.renumber(body, batch++)
        const at = performance.now()
        const status = await post(server, agent, body)
        if (status !== 200) throw new Error(`a request of the bench was answered ${status}`)
        takenMs.push(performance.now() - at)
      }
    }
    let isSending = true
    const besideMs: number[] = []
    // It asks whether the store can be written: the lock that an action would wait for.
    const beside = async (): Promise<void> => {
      while (isSending) {
        const at = performance.now()
        const response = await fetch(`${server.url}/api/v1/status`, {
          headers: { authorization: `Bearer ${server.key}` },
        })
        await response.text()
        besideMs.push(performance.now() - at)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const looking = beside()
    await Promise.all(Array.from({ length: connections }, work))
    isSending = false
    await looking
    const seconds = (performance.now() - startedAt) / 1000
    const { memoryMb, cpuMicros } = await usageOf(server.child)
    const stored = statSync(join(folder, '.airworthy', 'traces.db')).size
    const tree = await treeMs(server, agent, spans)
    agent.destroy()
    const total = takenMs.length * perRequest
    const shape = `${total.toLocaleString('en-US')} spans, median ${quantile(sizes, 0.5)} and mean ${Math.round(sizes.reduce((a, b) => a + b) / sizes.length)} bytes`
    return [
      {
        name: 'spans durable on SQLite, protobuf over HTTP',
        unit: '/s',
        value: total / seconds,
        target: { op: '>=', value: 18_000 },
        note: shape,
      },
      {
        name: `one request of ${perRequest} spans, ${connections} connections, p50`,
        unit: 'ms',
        value: quantile(takenMs, 0.5),
      },
      { name: 'the same, p99', unit: 'ms', value: quantile(takenMs, 0.99) },
      {
        name: 'the kit answers beside it (status, write lock included), p50',
        unit: 'ms',
        value: quantile(besideMs, 0.5),
      },
      { name: 'the same, p99', unit: 'ms', value: quantile(besideMs, 0.99) },
      { name: 'processor time of the kit, a span', unit: 'µs', value: (cpuMicros - before.cpuMicros) / total },
      { name: 'the database, a span', unit: 'bytes', value: stored / total },
      { name: 'largest memory of the kit', unit: 'MB', value: memoryMb },
      {
        name: `a trace of ${treeSpans} spans as a tree over the API, median of 5`,
        unit: 'ms',
        value: tree,
        target: { op: '<=', value: 300 },
      },
    ]
  } finally {
    server.child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

const traceMark = 'f1'.repeat(16)
const spanMark = 'f2'.repeat(8)

/** Recorded spans of the AI SDK, in the order that the fixtures have them. */
function fixtureSpans(): readonly JsonSpan[] {
  const recorded = JSON.parse(datasetText('openinference-fixtures', 'span_fixtures/all-spans.json')) as readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
    readonly startTime: readonly [number, number]
    readonly endTime: readonly [number, number]
  }[]
  const nanos = ([seconds, rest]: readonly [number, number]): string =>
    `${BigInt(seconds) * 1_000_000_000n + BigInt(rest)}`
  return recorded.map(({ name, attributes, startTime, endTime }) => ({
    traceId: traceMark,
    spanId: spanMark,
    name,
    kind: 1,
    startTimeUnixNano: nanos(startTime),
    endTimeUnixNano: nanos(endTime),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyOf(value) })),
  }))
}

function anyOf(value: unknown): AnyValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
  return { arrayValue: { values: (value as readonly unknown[]).map(anyOf) } }
}

interface Template {
  /** Encoded once; whoever sends it again renumbers it. */
  body(): Buffer
  /** Span and trace ids that nobody has used: eight spans a trace. */
  renumber(body: Buffer, number: number): void
}

function templateOf(shapes: readonly JsonSpan[]): Template {
  const vary = varying(shapes)
  const spans = Array.from({ length: perRequest }, (_, i) => vary(shapes[i % shapes.length] as JsonSpan))
  const bytes = Buffer.from(protoOf(exportOf(spans)))
  const traces = placesOf(bytes, Buffer.from(traceMark, 'hex'))
  const ids = placesOf(bytes, Buffer.from(spanMark, 'hex'))
  return {
    body: () => Buffer.from(bytes),
    renumber(body, number) {
      for (const [index, at] of traces.entries()) {
        // Spread as random ids are, and the same in every run.
        const trace = number * perRequest + Math.floor(index / 8)
        body.writeUInt32BE(Math.imul(trace + 1, 0x9e3779b1) >>> 0, at)
        body.writeUInt32BE(trace + 1, at + 4)
      }
      for (const [index, at] of ids.entries()) body.writeUInt32BE(number * perRequest + index + 1, at)
    },
  }
}

const word = /\b[a-z]{5,12}\b/g

/** Every other word of a text, but for short ones, by another of the fixtures' words; the same ones in every run. */
function varying(shapes: readonly JsonSpan[]): (shape: JsonSpan) => JsonSpan {
  const words = [...new Set(JSON.stringify(shapes.map(({ attributes }) => attributes)).match(word))]
  let state = 20_261_122
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 4_294_967_296
  }
  const changed = (text: string): string =>
    text.length < 40
      ? text
      : text.replace(word, (one) => (random() < 0.5 ? one : (words[Math.floor(random() * words.length)] ?? one)))
  return (shape) => ({
    ...shape,
    attributes: (shape.attributes ?? []).map((one) => {
      const { key, value } = one
      return value !== undefined && 'stringValue' in value
        ? { key, value: { stringValue: changed(value.stringValue) } }
        : one
    }),
  })
}

function placesOf(bytes: Buffer, mark: Buffer): readonly number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) places.push(at)
  return places
}

async function treeMs(server: Server, agent: Agent, shapes: readonly JsonSpan[]): Promise<number> {
  const traceId = 'ab'.repeat(16)
  const small = shapes.filter((shape) => protoSpan(shape).length < 4_000)
  const id = (n: number): string => (n + 1).toString(16).padStart(16, '0')
  const spans = Array.from({ length: treeSpans }, (_, n) => ({
    ...(small[n % small.length] as JsonSpan),
    traceId,
    spanId: id(n),
    ...(n === 0 ? {} : { parentSpanId: id(Math.floor((n - 1) / 4)) }),
  }))
  for (let at = 0; at < spans.length; at += perRequest) {
    await post(server, agent, Buffer.from(protoOf(exportOf(spans.slice(at, at + perRequest)))))
  }
  const takenMs: number[] = []
  for (let i = 0; i < 5; i++) {
    const at = performance.now()
    const response = await fetch(`${server.url}/api/v1/traces/${traceId}`, {
      headers: { authorization: `Bearer ${server.key}` },
    })
    const text = await response.text()
    takenMs.push(performance.now() - at)
    if (!text.includes(`"spans":${treeSpans}`)) throw new Error(`the tree is not whole: ${text.slice(0, 200)}`)
  }
  return quantile(takenMs, 0.5)
}

interface Server {
  readonly child: ChildProcess
  readonly url: string
  readonly key: string
}

function start(folder: string): Promise<Server> {
  const file = fileURLToPath(new URL('otlp-server.worker.ts', import.meta.url))
  const child = spawn(process.execPath, [file, folder], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the kit of the bench ended with ${code}`)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      resolve({ child, ...(JSON.parse(line) as { url: string; key: string }) })
    })
  })
}

interface Usage {
  readonly memoryMb: number
  readonly cpuMicros: number
}

function usageOf(child: ChildProcess): Promise<Usage> {
  return new Promise((resolve) => {
    child.once('message', (usage) => resolve(usage as Usage))
    child.send('usage')
  })
}

function post({ url, key }: Server, agent: Agent, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
    }
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
