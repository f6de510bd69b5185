/** A real kit and a witness: what it cosigns, what it refuses, and what a verification makes of its word. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { findCosignature } from '../../src/audit/cosignature.ts'
import { noteSigner } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'
import { createKit, type Kit } from '../../src/kit.ts'
import { witnessAnchor } from '../../src/operate/anchors/witness-anchor.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { readTile } from '../../src/operate/audit/read-tile.ts'
import { readKitKeys } from '../../src/operate/keys/key-folder.ts'
import { type SmallWitness, startSmallWitness } from './small-witness.ts'

const origin = 'airworthy/desk'
const cli = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

let project: string
let dir: string
let witness: SmallWitness
let undo: (() => Promise<unknown>)[]
const log: string[] = []

beforeEach(async () => {
  undo = []
  log.length = 0
  project = mkdtempSync(join(tmpdir(), 'airworthy-witness-'))
  dir = join(project, '.airworthy')
  mkdirSync(dir)
  witness = await startSmallWitness('witness.example/w1', [noteSigner(origin, readKitKeys(dir, {}).audit).vkey])
  writeFileSync(join(project, 'airworthy.lock'), lockText(buildLock({ servers: {} })))
  const channels = { outside: { witness: witness.url, key: witness.vkey } }
  const manifest = {
    version: 1,
    agent: 'desk',
    owner: 'a@example.com',
    tools: {},
    channels,
    audit: { anchors: ['outside'] },
  }
  writeFileSync(join(project, 'airworthy.yaml'), JSON.stringify(manifest))
})
afterEach(async () => {
  for (const step of undo.reverse()) await step()
  await witness.stop()
  rmSync(project, { recursive: true, force: true })
})

async function startKit(): Promise<Kit> {
  const kit = await createKit({ project, dir, env: {}, log: (line) => log.push(line) })
  undo.push(() => kit.close())
  await kit.start()
  return kit
}

async function append(kit: Kit, count: number): Promise<void> {
  const actor = { kind: 'operator', id: 'op', verifiedBy: 'operator_key' } as const
  for (let n = 0; n < count; n++) await kit.createKey({ kind: 'auditor', name: `aud ${n}`, roles: [] }, actor)
  await kit.sequencer.drain()
  await kit.anchors.flush(5_000)
}

const served = async (kit: Kit): Promise<string> =>
  Buffer.from((await readTile(kit.store.audit, 'checkpoint', kit.store.cosignatures))?.bytes ?? []).toString('utf8')

const verified = (kit: Kit, witnesses: readonly string[], since: readonly string[] = []) =>
  verifyExport(exportLog(kit.store.audit, { vkey: kit.vkey, cosignatures: kit.store.cosignatures }), {
    publicKey: kit.vkey,
    since,
    witnesses,
  })

describe('a witness', () => {
  it('cosigns each checkpoint that extends the one before, and the log is served with its word', async () => {
    const kit = await startKit()
    await append(kit, 3)
    const size = kit.sequencer.coveredSize
    expect(witness.seen.get(origin)?.size).toBe(BigInt(size))
    const note = await served(kit)
    expect(note.split('\n\n')[1]?.trim().split('\n')).toHaveLength(2)
    expect(findCosignature(note, witness.vkey)).toMatchObject({ witness: 'witness.example/w1' })
    await append(kit, 300)
    expect(kit.anchors.status()).toMatchObject([
      { name: 'outside', anchoredSize: kit.sequencer.coveredSize, failure: undefined },
    ])
    expect(witness.asked.every(({ status }) => status === 200)).toBe(true)
    expect(witness.asked.slice(1).every(({ old, proof }) => old !== '0' && proof > 0)).toBe(true)

    const { ok, comparedSize, notes, witnessed } = await verified(kit, [witness.vkey])
    expect({ ok, comparedSize, size: witnessed?.size }).toEqual({
      ok: true,
      comparedSize: kit.sequencer.coveredSize,
      size: kit.sequencer.coveredSize,
    })
    expect(notes.join()).toMatch(/"witness.example\/w1" cosigned the first \d+ entries at 20/)
    expect(notes.join()).not.toContain('could have rewritten')
  })

  it('tells a kit that starts anew where it stands, and is proven the way from there', async () => {
    await append(await startKit(), 5)
    await undo.pop()?.()
    const before = witness.asked.length
    await append(await startKit(), 4)
    expect(witness.asked.slice(before).map(({ status }) => status)).toEqual([
      409,
      ...Array(witness.asked.length - before - 1).fill(200),
    ])
    expect(witness.asked[before]?.old).toBe('0')
  })

  it('refuses a fork: the old folder put back is called out, in the log, in the status and by OBS-5', async () => {
    const kit = await startKit()
    await append(kit, 5)
    await undo.pop()?.()
    copyFileSync(join(dir, 'airworthy.db'), join(project, 'old.db'))
    await append(await startKit(), 5)
    await undo.pop()?.()
    copyFileSync(join(project, 'old.db'), join(dir, 'airworthy.db'))
    // As long as what the witness saw, and another: only a proof can tell.
    const forked = await startKit()
    await append(forked, 9)
    expect(forked.anchors.status()[0]?.failure).toMatchObject({
      code: 'ANCHOR_CONTRADICTS',
      message: expect.stringContaining('forked, cut or replaced'),
    })
    expect(log.filter((line) => line.includes('another history of this log'))).toHaveLength(1)
    const { controls } = await forked.check({})
    const obs5 = controls.find(({ id }) => id === 'OBS-5')
    expect(obs5?.state).toBe('fail')
    expect(JSON.stringify(obs5)).toContain('another history of this log')
  })

  it('refuses a log that is shorter than what it saw', async () => {
    const kit = await startKit()
    await append(kit, 5)
    await undo.pop()?.()
    copyFileSync(join(dir, 'airworthy.db'), join(project, 'old.db'))
    await append(await startKit(), 50)
    await undo.pop()?.()
    copyFileSync(join(project, 'old.db'), join(dir, 'airworthy.db'))
    const cut = await startKit()
    await append(cut, 1)
    expect(cut.anchors.status()[0]?.failure).toMatchObject({
      code: 'ANCHOR_CONTRADICTS',
      message: expect.stringMatching(/it cosigned \d+ entries, and the log has \d+/),
    })
  })

  it('is an anchor for whoever has its key: a log rewritten with the signing key does not verify', async () => {
    const kit = await startKit()
    await append(kit, 5)
    const cosigned = await served(kit)
    const size = kit.sequencer.coveredSize
    await undo.pop()?.()
    rmSync(join(dir, 'airworthy.db'))
    const rewritten = await startKit()
    await append(rewritten, size + 5)
    expect(await verified(rewritten, [witness.vkey], [cosigned])).toMatchObject({
      ok: false,
      faults: [{ kind: 'forked' }],
      witnessed: { size },
    })
    // Whoever leaves the cosigned checkpoint out has no word of the witness to show.
    expect(await verified(rewritten, [witness.vkey])).toMatchObject({
      ok: true,
      witnessed: undefined,
      notes: expect.arrayContaining([expect.stringContaining('No checkpoint here is cosigned')]),
    })
    // Nor does the word of another key help.
    const [body = '', signatures = ''] = cosigned.split('\n\n')
    const [own = '', line = ''] = signatures.split('\n')
    const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64')
    bytes[20] = (bytes[20] ?? 0) ^ 1
    const forged = `${body}\n\n${own}\n— witness.example/w1 ${bytes.toString('base64')}\n`
    await expect(verified(rewritten, [witness.vkey], [forged])).rejects.toMatchObject({ code: 'NOTE_UNTRUSTED' })
  })

  it('airworthy audit verify --witness: 0 with its word, 1 without, 3 for a key that is none', async () => {
    const kit = await startKit()
    await append(kit, 2)
    await undo.pop()?.()
    const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
      try {
        const { stdout } = await promisify(execFile)(process.execPath, [cli, 'audit', ...args], { cwd: project })
        return { code: 0, text: stdout }
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
        return { code, text: stdout + stderr }
      }
    }
    const good = await run('verify', '--witness', witness.vkey)
    expect(good).toMatchObject({ code: 0, text: expect.stringContaining('cosigned the first') })
    const other = await startSmallWitness('witness.example/w2', [])
    undo.push(() => other.stop())
    expect(await run('verify', '--witness', other.vkey)).toMatchObject({
      code: 1,
      text: expect.stringContaining('No checkpoint here is cosigned'),
    })
    expect(await run('verify', '--witness', kit.vkey)).toMatchObject({
      code: 3,
      text: expect.stringContaining('AUDIT_KEY_INVALID'),
    })
    const file = join(project, 'log.jsonl')
    expect((await run('export', '--out', file)).code).toBe(0)
    expect(await run('verify', file, '--key', kit.vkey, '--witness', witness.vkey)).toMatchObject({ code: 0 })
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/\\n— witness[^"]*(?=")/g, '\\n'))
    expect((await run('verify', file, '--key', kit.vkey, '--witness', witness.vkey)).code).toBe(1)
  })
})

describe('what a witness may answer', () => {
  const answers: [string, NonNullable<SmallWitness['answerOnce']>, RegExp][] = [
    ['403', { status: 403 }, /does not trust the key/],
    ['404', { status: 404 }, /does not know this log/],
    ['400', { status: 400 }, /malformed/],
    ['500', { status: 500 }, /answered 500/],
    ['a redirect', { status: 302 }, /answered 302/],
    ['409 without a size', { status: 409, body: 'soon\n', type: 'text/x.tlog.size' }, /without the size/],
    ['409 of another type', { status: 409, body: '1\n' }, /without the size/],
    ['200 with nothing', { status: 200 }, /no cosignature of the key/],
    ['200 with something else', { status: 200, body: 'thank you\n' }, /does not verify/],
    ['200 at great length', { status: 200, body: 'x'.repeat(100_000) }, /the request failed/],
  ]
  it.each(answers)('%s is a failure that says what to do, and is tried again', async (_name, answer, why) => {
    const kit = await startKit()
    await append(kit, 1)
    const note = (await kit.store.audit.latestCheckpoint())?.note ?? ''
    const kept: unknown[] = []
    const anchor = witnessAnchor({
      name: 'outside',
      url: witness.url,
      key: witness.vkey,
      log: {
        proveConsistency: () => Promise.reject(new Error('not asked for')),
        cosignatures: { keep: async (cosignature) => void kept.push(cosignature) },
      },
    })
    witness.answerOnce = answer
    await expect(anchor.deliver(note)).rejects.toMatchObject({
      code: 'ANCHOR_UNREACHABLE',
      message: expect.stringMatching(why),
    })
    expect(kept).toEqual([])
    witness.seen.clear()
    await anchor.deliver(note)
    expect(kept).toMatchObject([{ size: Number(parseCheckpoint(note).size), witness: witness.vkey }])
  })

  it.each([
    ['http://example.com/w', /plain http/],
    ['ftp://127.0.0.1/', /no http URL/],
  ])('%s is no place for one', (url, why) => {
    const log = { proveConsistency: async () => [], cosignatures: { keep: async () => {} } }
    expect(() => witnessAnchor({ name: 'w', url, key: witness.vkey, log })).toThrow(why)
  })

  it('a key of another type is no witness’s', () => {
    const log = { proveConsistency: async () => [], cosignatures: { keep: async () => {} } }
    const { vkey } = noteSigner(origin, readKitKeys(dir, {}).audit)
    expect(() => witnessAnchor({ name: 'w', url: witness.url, key: vkey, log })).toThrow(/not a witness's/)
  })
})
