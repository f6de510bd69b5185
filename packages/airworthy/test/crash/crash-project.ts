/** The project that is killed: three tools of one server, whose effects are lines in a file that outlives the process. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'
import type { UpstreamCall, UpstreamOutcome, UpstreamPort } from '../../src/guard/port.ts'

export const callLimit = 6
export const costLimitMicros = 100_000
export const costMicros = 20_000

const schema = {
  type: 'object',
  properties: { id: { type: 'string', maxLength: 64 } },
  required: ['id'],
  additionalProperties: false,
} as const
const definitions = ['read_row', 'write_row', 'drop_row'].map((name) => ({
  name,
  description: `The tool ${name}.`,
  inputSchema: schema,
}))

const manifest = `version: 1
agent: crash-agent
owner: tests@example.com
principal: { asserted_by_agent: true }
mcpServers:
  rows: { url: "http://127.0.0.1:9/mcp" }
tools:
  read_row: { server: rows, effect: read, reach: internal, permit: {}, cost_usd: "0.02", timeout: 1s }
  write_row: { server: rows, effect: write, reach: internal, permit: {}, cost_usd: "0.02", timeout: 1s }
  drop_row:
    server: rows
    effect: irreversible
    reach: internal
    confirm: { by: approver, not_requester: true, within: 15m }
    permit: {}
    cost_usd: "0.02"
    timeout: 1s
budgets:
  max_tool_calls: { limit: ${callLimit}, then: escalate_to_human }
  max_cost_usd: { limit: "0.10", then: escalate_to_human }
  deadline: { limit: 600s, then: escalate_to_human }
`

export function writeCrashProject(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'airworthy.yaml'), manifest)
  const lock = buildLock({ servers: { rows: { server: { name: 'rows', version: '1' }, tools: definitions } } } as never)
  writeFileSync(join(folder, 'airworthy.lock'), lockText(lock))
}

export interface Effect {
  readonly action: string
  readonly tool: string
  readonly id: string
}

/** The world's own record: what really happened, whoever remembers it. */
export function readEffects(folder: string): Effect[] {
  const path = join(folder, 'effects.jsonl')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect)
}

/** An upstream in process, named a fake: each call leaves one durable line before it is answered. */
export function effectfulUpstream(folder: string, digestOfTool: (name: string) => string): UpstreamPort {
  const handle = openSync(join(folder, 'effects.jsonl'), 'a')
  process.on('exit', () => closeSync(handle))
  return {
    offeredDigest: async (_server, name) => ({ kind: 'offered', definitionDigest: digestOfTool(name) as never }),
    async call(call: UpstreamCall): Promise<UpstreamOutcome> {
      writeSync(
        handle,
        `${JSON.stringify({ action: call.idempotencyKey, tool: call.upstreamName, id: call.arguments.id } satisfies Record<keyof Effect, unknown>)}\n`,
      )
      fsyncSync(handle)
      return { kind: 'answered', isError: false, result: { content: [{ type: 'text', text: 'done' }] } }
    },
    reconcile: async () => ({ state: 'unknown' }),
  }
}

export function note(folder: string, line: string): void {
  appendFileSync(join(folder, 'progress.log'), `${line}\n`)
}
