/** What an operator meets when the database is not as it should be: a clear error with a mend, nothing touched, no password shown. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { AirworthyError, renderFault } from '../../src/core/errors.ts'
import { connectPostgres } from '../../src/store/postgres/connection.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { startServing, type TestServing } from '../api/serving.ts'
import {
  administer,
  databaseUrl,
  type PostgresBinaries,
  type PostgresServer,
  postgresBinaries,
  startPostgres,
} from '../fixtures/postgres-server.ts'
import { describeOnPostgres } from '../fixtures/test-store.ts'

const password = 'pa:ss%2Fword-7'

async function refusal(url: string): Promise<AirworthyError> {
  const store = await openPostgresStore(url).catch((error: unknown) => error)
  if (store instanceof AirworthyError) return store
  throw new Error('it was opened')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}

describe('an address', () => {
  it.each([
    `postgres//ana:${password}@127.0.0.1/kit`,
    `mysql://ana:${encodeURIComponent(password)}@127.0.0.1/kit`,
    `postgres://ana:${encodeURIComponent(password)}@127.0.0.1:port/kit`,
    `${password}`,
  ])('that is none is refused without being repeated: %s', async (url) => {
    const error = await refusal(url)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', mend: expect.stringContaining('postgres://user@host') })
    expect(`${error.message} ${error.mend} ${String(error.cause)}`).not.toContain('word-7')
  })

  it('at which nobody listens is said to answer nothing', async () => {
    const error = await refusal(`postgres://ana:${encodeURIComponent(password)}@127.0.0.1:${await freePort()}/kit`)
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/does not answer \(ECONNREFUSED\)/),
    })
    expect(renderFault(error.faults[0] as never)).not.toContain('word-7')
  })
})

describeOnPostgres('a server', () => {
  let server: PostgresServer
  let serving: TestServing
  const as = (user: string, secret: string | undefined, database: string): string => {
    const url = new URL(databaseUrl(server.url, database))
    url.username = user
    url.password = secret === undefined ? '' : encodeURIComponent(secret)
    return url.href
  }

  beforeAll(async () => {
    server = await startPostgres(sameBinaries())
    await administer(
      server.url,
      `CREATE ROLE ana LOGIN PASSWORD '${password}'`,
      'CREATE DATABASE kit OWNER ana',
      'CREATE DATABASE other',
    )
    const hba = join(server.folder ?? '', 'data/pg_hba.conf')
    const trusted = readFileSync(hba, 'utf8')
    writeFileSync(hba, 'host all admin 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
    appendFileSync(hba, trusted.replace(/^[^#].*$/gm, ''))
    await administer(server.url, 'SELECT pg_reload_conf()')
  })
  afterAll(async () => {
    await serving?.stop().catch(() => {})
    await server?.stop()
  })

  it.each([
    ['a wrong password', () => as('ana', 'wrong-9', 'kit'), /refused the user or the password/],
    ['no password', () => as('ana', undefined, 'kit'), /refused the user or the password/],
    ['no such user', () => as('bo', password, 'kit'), /refused the user or the password/],
    ['no such database', () => as('ana', password, 'none'), /has no such database/],
    ['no right to make a schema', () => as('ana', password, 'other'), /needs schema \d+ and the role may not migrate/],
  ])('%s', async (_name, url, message) => {
    const error = await refusal(url())
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(message) })
    expect(error.mend.length).toBeGreaterThan(10)
    expect(renderFault(error.faults[0] as never)).not.toMatch(/word-7|wrong-9/)
  })

  it('a role whose transactions are read-only', async () => {
    const store = await openPostgresStore(as('ana', password, 'kit'))
    await administer(server.url, 'ALTER ROLE ana SET default_transaction_read_only = on')
    await expect(refusal(as('ana', password, 'kit'))).resolves.toMatchObject({ message: /takes no writes/ })
    await store.close()
    await administer(server.url, 'ALTER ROLE ana RESET default_transaction_read_only')
  })

  it('a connection that is cut between two statements fails the next one, and ends nothing else', async () => {
    const connection = connectPostgres(as('ana', password, 'kit'))
    const cut = connection.with(async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
      await administer(server.url, `SELECT pg_terminate_backend(${rows[0].pid})`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await client.query('SELECT 1')
    })
    await expect(cut).rejects.toThrow()
    expect(await connection.read<{ one: number }>('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await connection.close()
  })

  it('one that goes away under a running kit: every action is refused, /readyz says so, and it recovers by itself', async () => {
    serving = await startServing({ db: as('ana', password, 'kit') })
    const { task } = await serving.openTask()
    const act = () =>
      serving.call('POST', `/api/v1/tasks/${task}/actions`, {
        key: serving.keys.agent,
        json: { tool: 'stamp', arguments: { to: 'ana' } },
      })
    const ready = () => serving.call('GET', '/readyz', { key: serving.kit.keys.operator })
    expect((await ready()).status).toBe(200)
    expect((await act()).status).toBe(200)
    const { length } = serving.received

    await server.fall()
    const refused = await act()
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('STORE_UNAVAILABLE')])
    expect(await ready()).toMatchObject({
      status: 503,
      json: { ready: false, why: expect.stringContaining('the store cannot be written') },
    })
    const inside = await serving.kit.act({ task, tool: 'stamp', arguments: { to: 'bo' }, door: 'embedded' })
    expect(inside).toMatchObject({ decision: 'deny', reasons: [{ code: 'STORE_UNAVAILABLE' }] })
    expect(serving.received).toHaveLength(length)

    await server.rise()
    await expect.poll(async () => (await ready()).status, { timeout: 10_000 }).toBe(200)
    expect((await act()).status).toBe(200)
    expect(serving.log.join('\n')).not.toContain('word-7')
    await serving.stop()
  })

  it('a full disk: nothing is executed, and readiness says why though the server still answers', async () => {
    await administer(server.url, 'CREATE DATABASE narrow OWNER ana')
    const admin = Object.assign(new URL(server.url), { pathname: '/narrow' }).href
    const serving = await startServing({ db: as('ana', password, 'narrow') })
    const { task, token } = await serving.openTask()
    const act = () =>
      serving.call('POST', `/api/v1/tasks/${task}/actions`, {
        key: token,
        json: { tool: 'stamp', arguments: { to: 'ana' } },
      })
    expect((await act()).json).toMatchObject({ state: 'succeeded' })
    const { length } = serving.received
    await administer(
      admin,
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
      'CREATE TRIGGER full_disk BEFORE INSERT ON airworthy.actions FOR EACH ROW EXECUTE FUNCTION full_disk()',
    )
    expect((await act()).json).toMatchObject({ decision: 'deny', reasons: [{ code: 'STORE_UNAVAILABLE' }] })
    expect(serving.received).toHaveLength(length)
    expect(await serving.call('GET', '/readyz', { key: serving.keys.operator })).toMatchObject({
      status: 503,
      json: { ready: false, why: expect.stringMatching(/The disk of .* is full/) },
    })
    await administer(admin, 'DROP FUNCTION full_disk CASCADE')
    expect((await act()).json).toMatchObject({ state: 'succeeded' })
    await serving.stop()
  })

  it('a replica: nothing is opened, nothing is written, and a kit that was there says so', async () => {
    const primary = await openPostgresStore(as('ana', password, 'kit'))
    await server.fall()
    writeFileSync(join(server.folder ?? '', 'data/standby.signal'), '')
    await server.rise()
    const url = as('ana', password, 'kit')
    await expect(refusal(url)).resolves.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/is a read-only replica/),
      mend: expect.stringContaining('primary'),
    })
    await expect(primary.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /takes no writes/ })
    await expect(primary.audit.lead()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /is read-only/ })
    expect(await primary.approvals.listApprovals({ limit: 1 })).toEqual([])
    await primary.close()
  })
})

/** The server's own version, so that each project tries its own. */
function sameBinaries(): PostgresBinaries {
  const found = postgresBinaries()
  const binaries = found.find(({ major }) => major === inject('postgresMajor')) ?? found[0]
  if (binaries === undefined) throw new Error('These tests start a server of their own; install one.')
  return binaries
}
