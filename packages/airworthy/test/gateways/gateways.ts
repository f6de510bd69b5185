/** Starts gateways as processes on one database, and looks at that database from outside. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { readKitKeys } from '../../src/operate/keys/key-folder.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { administer, databaseUrl, postgresBinaries, startPostgres } from '../fixtures/postgres-server.ts'
import type { GatewayOrders } from './gateway.worker.ts'
import { writeGatewayProject } from './gateway-project.ts'

/** Undefined: no server can be started here, and what needs one is skipped. */
export const binaries = postgresBinaries()[0]

export interface Gateway {
  readonly process: ChildProcess
  /** The role under which it connects, so that the database can say who wrote what. */
  readonly role: string
  readonly url: string
  readonly operator: string
  readonly vkey: string
  /** Everything that it printed for people. */
  readonly lines: readonly string[]
  /** @throws the code of a refusal */
  ask<Name extends keyof GatewayOrders>(name: Name, given: GatewayOrders[Name][0]): Promise<GatewayOrders[Name][1]>
  ended(): Promise<number | null>
}

export interface Gateways {
  readonly folder: string
  readonly url: string
  start(role: string, options?: { readonly db?: string; readonly change?: string }): Promise<Gateway>
  sql<Row>(text: string): Promise<readonly Row[]>
  /** What an outsider finds wrong in the whole log. */
  logFaults(): Promise<readonly string[]>
  restartServer(): Promise<void>
  stop(): Promise<void>
}

/** A server of its own with an empty database; roles `a`, `b`, ... may do everything, and checkpoints are noted with who wrote them. */
export async function startGateways({ durable = false } = {}): Promise<Gateways> {
  if (binaries === undefined) throw new Error('There is no PostgreSQL to start.')
  const server = await startPostgres(binaries, { durable })
  const roles = ['a', 'b', 'c'].map((role) => `CREATE ROLE ${role} LOGIN SUPERUSER`)
  await administer(server.url, 'CREATE DATABASE gateways', ...roles)
  const url = databaseUrl(server.url, 'gateways')
  await (await openPostgresStore(url)).close()
  await administer(url, ...publishedBy)
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-gateways-'))
  readKitKeys(join(folder, 'keys-of-all'), {})
  const started: Gateway[] = []

  const sql = async <Row>(text: string): Promise<readonly Row[]> => {
    const client = new Client({ connectionString: url, options: '-c search_path=airworthy' })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  return {
    folder,
    url,
    sql,
    async start(role, { db = url, change = '' } = {}) {
      const project = join(folder, `project${change}`)
      writeGatewayProject(project, change)
      const dir = join(folder, `kit-${role}`)
      mkdirSync(dir, { recursive: true })
      cpSync(join(folder, 'keys-of-all'), dir, { recursive: true })
      const gateway = await startGateway(
        project,
        dir,
        folder,
        role,
        Object.assign(new URL(db), { username: role }).href,
      )
      started.push(gateway)
      return gateway
    },
    async logFaults() {
      const store = await openPostgresStore(url)
      try {
        const vkey = started[0]?.vkey ?? ''
        const { faults, ok } = await verifyExport(exportLog(store.audit, { vkey, bodies: true }), { publicKey: vkey })
        return ok ? [] : faults.map(({ kind, index, message }) => `${kind} at ${index}: ${message}`)
      } finally {
        await store.close()
      }
    },
    restartServer: () => server.restart(),
    async stop() {
      for (const { process: child } of started) child.kill('SIGKILL')
      await Promise.all(started.map((gateway) => gateway.ended()))
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Who published which checkpoint. The act runs with its owner's rights; the role of the session is the gateway's. */
const publishedBy = [
  'CREATE TABLE public.published (size bigint, role text, at timestamptz)',
  `CREATE FUNCTION public.note_publisher() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN INSERT INTO public.published VALUES (NEW.size, session_user, clock_timestamp()); RETURN NULL; END $$`,
  'CREATE TRIGGER noted AFTER INSERT ON airworthy.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION public.note_publisher()',
]

async function startGateway(project: string, dir: string, world: string, role: string, db: string): Promise<Gateway> {
  const worker = fileURLToPath(new URL('gateway.worker.ts', import.meta.url))
  const child = fork(worker, [project, dir, world, db], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  const lines: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const first = await Promise.race([once(child, 'message').then(([message]) => message), ended])
  if (first === null || typeof first !== 'object') throw new Error(`gateway ${role} did not start: ${lines.join('\n')}`)
  const waiting = new Map<number, (answer: { done?: never; refused?: string }) => void>()
  child.on('message', (answer: { turn: number; done?: never; refused?: string }) => {
    waiting.get(answer.turn)?.(answer)
    waiting.delete(answer.turn)
  })
  let turns = 0
  return {
    ...(first as Pick<Gateway, 'url' | 'operator' | 'vkey'>),
    process: child,
    role,
    lines,
    ask: (name, given) =>
      new Promise((resolve, reject) => {
        const turn = ++turns
        waiting.set(turn, ({ done, refused }) => {
          if (refused === undefined) resolve(done as never)
          else reject(new Error(refused))
        })
        child.send({ turn, name, given }, (error) => {
          if (error !== null) reject(error)
        })
        ended.then(() => reject(new Error('the gateway has ended')))
      }),
    ended: () => ended,
  }
}

/** Waits until it is so; a bound that only a broken kit reaches. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, msMax = 20_000): Promise<void> {
  const giveUpAt = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${msMax} ms`)
    await sleep(25)
  }
}
