/**
 * What the way through the gateway costs, against the way through `mcp-proxy`, over the same stdio server in the same run: p50 of a
 * call by either way, less p50 of a call straight to the server. The client is the same everywhere; every way is a process of its
 * own; rounds take turns, so that a busy minute of the machine falls on all of them.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { BenchRow } from './bench-row.ts'

const peer = 'mcp-proxy@6.7.19'
const rounds = 12
const callsPerRound = 120
const warmUpRounds = 3
/** The support desk's own budget is 15 calls a task; a task of thousands would measure something that never happens. */
const callsPerTask = 12
const call = { name: 'search_articles', arguments: { query: 'refund' } }

interface Way {
  readonly name: string
  readonly client: Client
  /** `_meta` for the next call; outside the measured time. */
  readonly meta: () => Promise<Record<string, unknown> | undefined>
  readonly latenciesMs: number[]
}

/** Needs the registry once, for the peer; the peer lives in a temporary folder and is told not to phone home. */
export async function benchMcp(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-mcp-'))
  const running: ChildProcess[] = []
  const ways: Way[] = []
  try {
    const upstream = {
      command: process.execPath,
      args: [fileURLToPath(new URL('./mcp-desk.worker.ts', import.meta.url))],
    }
    const gateway = fork(fileURLToPath(new URL('./mcp-gateway.worker.ts', import.meta.url)), [folder], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    running.push(gateway)
    const { url, key } = await messageOf<{ url: string; key: string }>(gateway)
    const requestInit = { headers: { authorization: `Bearer ${key}` } }
    const proxyUrl = await startPeer(folder, upstream, running)
    const noMeta = async (): Promise<undefined> => undefined
    for (const era of ['2026-07-28', 'older era'] as const) {
      ways.push(await wayTo(`direct, ${era}`, era, new StdioClientTransport(upstream), noMeta))
      ways.push(
        await wayTo(
          `gateway, ${era}`,
          era,
          new StreamableHTTPClientTransport(new URL(url), { requestInit }),
          taskMeta(gateway),
        ),
      )
      ways.push(await wayTo(`mcp-proxy, ${era}`, era, new StreamableHTTPClientTransport(new URL(proxyUrl)), noMeta))
    }
    for (let round = 0; round < warmUpRounds; round++) for (const way of ways) await measure(way, false)
    for (let round = 0; round < rounds; round++) for (const way of ways) await measure(way, true)
    return rowsOf(ways)
  } finally {
    for (const way of ways) await way.client.close().catch(() => {})
    for (const child of running) child.kill()
    await Promise.all(
      running.map((child) => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined)),
    )
    rmSync(folder, { recursive: true, force: true })
  }
}

async function wayTo(name: string, era: string, transport: Transport, meta: Way['meta']): Promise<Way> {
  const client = new Client(
    { name: 'bench', version: '0' },
    { versionNegotiation: { mode: era === '2026-07-28' ? 'auto' : 'legacy' } },
  )
  await client.connect(transport)
  if ((client.getProtocolEra() === 'modern') !== (era === '2026-07-28')) throw new Error(`${name} speaks another era`)
  return { name, client, meta, latenciesMs: [] }
}

async function measure(way: Way, counts: boolean): Promise<void> {
  let meta: Record<string, unknown> | undefined
  for (let index = 0; index < callsPerRound; index++) {
    if (index % callsPerTask === 0) meta = await way.meta()
    const params = meta === undefined ? call : { ...call, _meta: meta as never }
    const startMs = performance.now()
    const result = await way.client.callTool(params)
    const tookMs = performance.now() - startMs
    if (result.isError === true) throw new Error(`${way.name}: ${JSON.stringify(result.content)}`)
    if (counts) way.latenciesMs.push(tookMs)
  }
}

function taskMeta(gateway: ChildProcess): Way['meta'] {
  return async () => {
    gateway.send('task')
    return { 'airworthy/task': (await messageOf<{ token: string }>(gateway)).token }
  }
}

async function startPeer(
  folder: string,
  upstream: { command: string; args: string[] },
  running: ChildProcess[],
): Promise<string> {
  const prefix = join(folder, 'peer')
  execFileSync(
    'npm',
    ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--ignore-scripts', '--silent', peer],
    { stdio: 'inherit' },
  )
  const port = await freePort()
  const program = join(prefix, 'node_modules', 'mcp-proxy', 'dist', 'bin', 'mcp-proxy.mjs')
  const options = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--server',
    'stream',
    '--',
    upstream.command,
    ...upstream.args,
  ]
  const env = { ...process.env, DO_NOT_TRACK: '1' }
  running.push(spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'ignore', 'inherit'], env }))
  for (let attempt = 0; attempt < 100; attempt++) {
    const alive = await fetch(`http://127.0.0.1:${port}/ping`).then(
      (response) => response.ok,
      () => false,
    )
    if (alive) return `http://127.0.0.1:${port}/mcp`
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${peer} did not start`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const heard = new AbortController()
  const { signal } = heard
  try {
    const ended = once(child, 'exit', { signal }).then(() =>
      Promise.reject(new Error('the gateway ended before it answered')),
    )
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message as T
  } finally {
    heard.abort()
  }
}

function rowsOf(ways: readonly Way[]): BenchRow[] {
  return ['2026-07-28', 'older era'].flatMap((era) => {
    const p50 = (name: string): number =>
      percentile(ways.find((way) => way.name === `${name}, ${era}`)?.latenciesMs ?? [], 0.5)
    const p99 = (name: string): number =>
      percentile(ways.find((way) => way.name === `${name}, ${era}`)?.latenciesMs ?? [], 0.99)
    const direct = p50('direct')
    const gateway = p50('gateway') - direct
    const proxy = p50('mcp-proxy') - direct
    const note = `direct ${direct.toFixed(2)} ms; p99 direct ${p99('direct').toFixed(2)}, gateway ${p99('gateway').toFixed(2)}, mcp-proxy ${p99('mcp-proxy').toFixed(2)} ms; ${rounds * callsPerRound} calls each way`
    return [
      { name: `mcp: gateway adds, p50, ${era}`, unit: 'ms', value: gateway, target: { op: '<=', value: 2.5 }, note },
      { name: `mcp: ${peer} adds, p50, ${era}`, unit: 'ms', value: proxy },
      { name: `mcp: gateway over ${peer}, ${era}`, unit: 'x', value: gateway / proxy, target: { op: '<=', value: 1 } },
    ] satisfies BenchRow[]
  })
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
