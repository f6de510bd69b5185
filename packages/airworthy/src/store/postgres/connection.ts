/**
 * A pool of connections to PostgreSQL, and the one way to call an act: a function of the schema, JSON in and JSON out. What may be
 * tried again is: a serialisation failure or deadlock, and a connection that was cut, since an act that did commit finds its own
 * entry. Everything else is an answer or STORE_UNAVAILABLE.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientConfig, DatabaseError, Pool, type PoolClient } from 'pg'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { TaskAfter } from '../../guard/port.ts'
import { type Cell, type CellType, compositeArray } from './composite-array.ts'
import { actRoad, gatheredActs } from './gathered-acts.ts'

/** Everything of a kit stands in this schema. */
export const schemaName = 'airworthy'

export type Act = <T>(name: string, parameters: object) => Promise<T>

/** An act for what is plain, which takes an array of rows. */
export interface PlainAct<Answer> {
  readonly name: string
  readonly rowType: string
  /** Of the row's attributes, in order. */
  readonly types: readonly CellType[]
  /** Of a row that was plain: the numbers of its task. */
  readonly answerOf: (task: TaskAfter) => Answer
}

export interface PlainCall {
  readonly task: string
  /** Whose calls go together, where the act wants to know. */
  readonly agent?: string
  readonly cells: readonly Cell[]
  /** The act that knows every case, for a try whose forerunner may have committed. */
  readonly full: () => readonly [string, object]
}

export interface PostgresConnection {
  /** Calls the act of that name. @throws STORE_UNAVAILABLE */
  readonly act: Act
  /** @returns what calls that act, or the full one where the call is not plain; it throws STORE_UNAVAILABLE. */
  plainAct<Answer>(act: PlainAct<Answer>): (call: PlainCall) => Promise<Answer>
  /** Rows of a reading statement. @throws STORE_UNAVAILABLE */
  read<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Several acts as one, for what is rare and has to look first. */
  transaction<T>(run: (act: Act) => Promise<T>): Promise<T>
  /** One connection for several statements: migrations. */
  with<T>(run: (client: PoolClient) => Promise<T>): Promise<T>
  /** Why the server refused something within the last seconds for want of room; it answers what only reads all the while. */
  recentWant(): unknown
  /** The address without its password. */
  readonly shownUrl: string
  close(): Promise<void>
}

const attemptsMax = 4
/** A statement of an act that takes longer is stuck behind something; the action it was for is refused. */
const statementMsMax = 10_000
/** Migrations wait for each other, and rewrite tables of any size. */
export const patientStatementMsMax = 3_600_000
const connectMsMax = 3_000
const connectionsMax = 16
/** For how long a full disk is taken for full when nobody tries again. */
const wantMs = 10_000

/** @throws STORE_UNAVAILABLE when the address is none. */
export function connectPostgres(url: string, { statementMs = statementMsMax } = {}): PostgresConnection {
  const shownUrl = shownAddress(url)
  const pool = new Pool({ ...clientSettings(url, statementMs), max: connectionsMax, idleTimeoutMillis: 30_000 })
  // A connection that breaks while nobody uses it is dropped by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  // The same of one that is held between two statements: what is asked of it next fails, and is tried again.
  pool.on('connect', (client) => client.on('error', () => {}))
  const road = actRoad()
  let want: { readonly error: unknown; readonly atMs: number } | undefined

  /** @param run  is told whether an earlier try may have committed: its connection was cut before the reply came. */
  async function attempt<T>(run: (again: boolean) => Promise<T>): Promise<T> {
    let again = false
    for (let count = 1; ; count++) {
      try {
        return await run(again)
      } catch (error) {
        // The first try may be committing just now; its rows are found when it has.
        const isMeetingItself = again && (error as { code?: unknown }).code === uniqueState
        if (count === attemptsMax || !(mayTryAgain(error) || isMeetingItself)) {
          const failure = asStoreError(error, shownUrl)
          if (isWant(error)) want = { error: failure, atMs: performance.now() }
          throw failure
        }
        again ||= isCut(error)
        await sleep(count * 20 + Math.random() * 30)
      }
    }
  }

  /** A connection on which something failed is closed, which also ends its transaction. */
  async function withClient<T>(run: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    try {
      const done = await run(client)
      client.release()
      return done
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  return {
    shownUrl,
    recentWant: () => (want !== undefined && performance.now() - want.atMs < wantMs ? want.error : undefined),
    act: async <T>(name: string, parameters: object) =>
      await attempt(async (again) => await call<T>(pool, name, again ? { ...parameters, again } : parameters)),
    plainAct: <Answer>(plain: PlainAct<Answer>) => {
      const gathered = gatheredActs(road, callPlainly(pool, plain), isRefused)
      return async (given: PlainCall) =>
        await attempt(async (again) => {
          if (!again) return await gathered(given.agent, given)
          const [name, parameters] = given.full()
          return await call<Answer>(pool, name, { ...parameters, again })
        })
    },
    read: async <Row>(text: string, values: readonly unknown[] = []) =>
      await attempt(async () => (await pool.query(text, values.map(storable))).rows as Row[]),
    transaction: async (run) =>
      await attempt(
        async () =>
          await withClient(async (client) => {
            await client.query('BEGIN')
            const done = await run(<T>(name: string, parameters: object) => call<T>(client, name, parameters))
            await client.query('COMMIT')
            return done
          }),
      ),
    async with(run) {
      try {
        return await withClient(run)
      } catch (error) {
        throw asStoreError(error, shownUrl)
      }
    },
    close: () => pool.end(),
  }
}

/** How a connection is made: for the pool, and for one that works alone. */
export function clientSettings(url: string, statementMs: number): ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: connectMsMax,
    query_timeout: statementMs,
    keepAlive: true,
    application_name: 'airworthy',
    options: `-c search_path=${schemaName},pg_temp -c synchronous_commit=on -c statement_timeout=${statementMs} -c default_transaction_isolation=read\\ committed`,
    types: { getTypeParser: parserOf },
  }
}

async function call<T>(client: Pick<PoolClient, 'query'>, name: string, parameters: object): Promise<T> {
  const { rows } = await client.query({
    // Named, so that each connection plans it once.
    name: `act_${name}`,
    text: `SELECT ${schemaName}.${name}($1::jsonb) AS answer`,
    values: [jsonText(parameters)],
  })
  return rows[0].answer as T
}

/** Calls of a plain act at once; the answer of one that was left out is undefined. */
function callPlainly<Answer>(
  pool: Pool,
  { name, rowType, types, answerOf }: PlainAct<Answer>,
): (agent: string | undefined, calls: readonly PlainCall[]) => Promise<readonly (Answer | undefined)[]> {
  let oid: number | undefined
  return async (agent, calls) => {
    oid ??= (await pool.query(`SELECT '${schemaName}.${rowType}'::regtype::oid::bigint AS oid`)).rows[0].oid as number
    const array = compositeArray(
      oid,
      types,
      calls.map(({ cells }) => cells),
    )
    const { rows } = await pool.query({
      name: `act_${name}`,
      text: `SELECT ${schemaName}.${name}(${agent === undefined ? '$1' : '$1, $2'}) AS answer`,
      values: agent === undefined ? [array] : [storable(agent), array],
    })
    const answer = valueOfJson(rows[0].answer) as Answer | readonly (readonly [number, number, number, number])[]
    if (!Array.isArray(answer)) return [answer as Answer]
    const answers: (Answer | undefined)[] = calls.map(() => undefined)
    for (const [place, toolCalls, costUsdMicros, lastFact] of answer) {
      answers[place - 1] = answerOf({ counters: { toolCalls, costUsdMicros }, lastFact })
    }
    return answers
  }
}

function jsonText(parameters: object): string {
  const text = JSON.stringify(parameters)
  // Looking at each value costs twice as much, and hardly ever changes one.
  if (!unstorableEscape.test(text)) return text
  return JSON.stringify(parameters, (_key, value: JsonValue) => (typeof value === 'string' ? storable(value) : value))
}

/** How JSON writes a NUL and a lone surrogate. */
const unstorableEscape = /\\u(?:0000|d[89a-f])/

/** PostgreSQL's texts hold no NUL and no lone surrogate; what an agent or a client sends may, as an id that it looks for too. */
function storable<T>(value: T): T {
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) return value
  return value.toWellFormed().replaceAll('\0', '\uFFFD') as T
}

const bigintType = 20
const bigintArrayType = 1016
const jsonTypes: ReadonlySet<number> = new Set([114, 3802])
const byteaType = 17
const booleanType = 16
const integerType = 23

/** Milliseconds, micro-dollars and row numbers stay below 2^53. */
function parserOf(type: number): (text: string) => unknown {
  if (type === bigintType || type === integerType) return Number
  if (type === bigintArrayType) return (text) => text.slice(1, -1).split(',').filter(Boolean).map(Number)
  if (jsonTypes.has(type)) return (text) => valueOfJson(text)
  if (type === byteaType) return (text) => Buffer.from(text.slice(2), 'hex')
  if (type === booleanType) return (text) => text === 't'
  return (text) => text
}

/** A unique index refused a row. */
const uniqueState = '23505'

/** Serialisation failure, deadlock. */
const conflictStates: ReadonlySet<string> = new Set(['40001', '40P01'])

function mayTryAgain(error: unknown): boolean {
  return error instanceof DatabaseError ? conflictStates.has(error.code ?? '') || isCut(error) : isCut(error)
}

/** The server answered that it did nothing, and for a reason that may be another call's. */
function isRefused(error: unknown): boolean {
  return error instanceof DatabaseError && error.code !== statementTimeoutState && !isCut(error)
}

/** The statement took too long, or somebody cancelled it. */
const statementTimeoutState = '57014'

/** The disk is full, the memory or the connections are used up, or the disk failed. */
function isWant(error: unknown): boolean {
  return error instanceof DatabaseError && /^(?:53|58030)/.test(error.code ?? '')
}

/** The connection ended, or the server is on its way down or up. */
function isCut(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  if (error instanceof DatabaseError) return /^(?:08|57P0[123])/.test(error.code ?? '')
  return (
    (typeof code === 'string' && /^(?:ECONNRESET|EPIPE|ECONNREFUSED|ENOENT|ETIMEDOUT)$/.test(code)) ||
    (error instanceof Error && /terminated|Connection ended|not queryable/i.test(error.message))
  )
}

/** What a failed act looks like to its caller. Never the password, never a row. */
export function asStoreError(error: unknown, shownUrl: string): unknown {
  if (error instanceof AirworthyError) return error
  const code = (error as { code?: unknown }).code
  const isUnnamed = error instanceof Error && /^SASL: .*password/.test(error.message)
  if (code === '28P01' || code === '28000' || isUnnamed) {
    return unavailable(error, `${shownUrl} refused the user or the password.`, 'Check both in --db.')
  }
  if (code === '3D000') return unavailable(error, `${shownUrl} has no such database.`, 'Create it, or correct --db.')
  if (code === '25006') {
    return unavailable(error, `${shownUrl} is read-only.`, 'Point --db at the primary, not at a replica.')
  }
  if (code === '42501') {
    const mend = 'Give the role its rights again with the script of `airworthy store roles`.'
    return unavailable(error, `${shownUrl} refuses a right that this needs.`, mend)
  }
  if (code === '53100') {
    return unavailable(error, `The disk of ${shownUrl} is full.`, 'Make room on the disk of the database server.')
  }
  const why = typeof code === 'string' ? code : error instanceof Error ? error.message : 'unknown'
  if (isCut(error) || /timeout/i.test(why)) {
    return unavailable(error, `${shownUrl} does not answer (${why}).`, 'Check that the server runs and can be reached.')
  }
  return unavailable(
    error,
    `The store ${shownUrl} could not commit (${why}).`,
    'Check that the server runs and answers.',
  )
}

function unavailable(cause: unknown, message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'STORE_UNAVAILABLE', message, mend }, { cause })
}

/** An address without its password and without its parameters, which may hold one too. @throws STORE_UNAVAILABLE */
export function shownAddress(url: string): string {
  // What cannot be parsed is not repeated, not as a cause either: it may hold a password.
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(?:ql)?:$/.test(parsed.protocol)) {
    const mend = 'Write it as postgres://user@host:5432/database.'
    throw unavailable(undefined, 'The address of the database is none.', mend)
  }
  return `postgres://${parsed.username === '' ? '' : `${parsed.username}@`}${parsed.host}${parsed.pathname}`
}
