import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCheckpoint, signCheckpoint } from '../../audit/checkpoint.ts'
import { emptyRoot } from '../../audit/merkle.ts'
import { noteSigner } from '../../audit/note.ts'
import { generateSigningKey } from '../../core/signature.ts'
import type { Anchor } from './anchor.ts'
import { deliverCheckpoints } from './deliver-checkpoints.ts'
import { fileAnchor } from './file-anchor.ts'
import { savedCheckpoints } from './saved-checkpoints.ts'
import { webhookAnchor } from './webhook-anchor.ts'

const signer = noteSigner('example.com/log', generateSigningKey())
const noteOf = (size: number): string => signCheckpoint(signer, BigInt(size), emptyRoot)
const checkpointOf = (size: number) => ({ size, note: noteOf(size) })
const sizesOf = (notes: readonly string[]): number[] => notes.map((note) => Number(parseCheckpoint(note).size))

describe('the append-only file', () => {
  let folder: string
  let kitFolder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anchor-'))
    kitFolder = join(folder, '.airworthy')
    mkdirSync(kitFolder)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('takes checkpoints, a line each, and they are read back', async () => {
    const path = join(folder, 'anchor.jsonl')
    writeFileSync(path, `${JSON.stringify(noteOf(0))}\n`)
    const anchor = await fileAnchor({ name: 'file', path, kitFolder })
    for (const size of [1, 2, 3]) await anchor.deliver(noteOf(size))
    expect(sizesOf(savedCheckpoints(readFileSync(path, 'utf8')))).toEqual([0, 1, 2, 3])
  })

  it('goes on behind half a line, as a full disk leaves one, and all that is whole is read back', async () => {
    const path = join(folder, 'anchor.jsonl')
    writeFileSync(path, `${JSON.stringify(noteOf(0))}\n${JSON.stringify(noteOf(1)).slice(0, 40)}`)
    const anchor = await fileAnchor({ name: 'file', path, kitFolder })
    for (const size of [1, 2]) await anchor.deliver(noteOf(size))
    expect(sizesOf(savedCheckpoints(readFileSync(path, 'utf8')))).toEqual([0, 1, 2])
  })

  it('in the kit’s own folder protects nothing, and is refused, through a link too', async () => {
    symlinkSync(kitFolder, join(folder, 'link'))
    writeFileSync(join(kitFolder, 'own.jsonl'), '')
    symlinkSync(join(kitFolder, 'own.jsonl'), join(folder, 'innocent.jsonl'))
    for (const path of ['.airworthy/a.jsonl', 'link/a.jsonl', 'innocent.jsonl', 'absent/a.jsonl']) {
      const anchor = fileAnchor({ name: 'file', path: join(folder, path), kitFolder })
      await expect(anchor, path).rejects.toMatchObject({ code: 'ANCHOR_INVALID' })
    }
    const beside = fileAnchor({ name: 'file', path: join(folder, '.airworthy-anchor.jsonl'), kitFolder })
    expect((await beside).name).toBe('file')
  })

  it('that cannot be written says so', async () => {
    const anchor = await fileAnchor({ name: 'file', path: join(folder, 'taken'), kitFolder })
    mkdirSync(join(folder, 'taken'))
    await expect(anchor.deliver(noteOf(1))).rejects.toMatchObject({ code: 'ANCHOR_UNREACHABLE' })
  })
})

describe('saved checkpoints', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, size) => `${JSON.stringify(noteOf(size))}\n`).join('')

  it('are one checkpoint, or an anchor file with a torn last line', () => {
    expect(savedCheckpoints(noteOf(7))).toEqual([noteOf(7)])
    expect(sizesOf(savedCheckpoints(`${lines(3)}"example.com/lo`))).toEqual([0, 1, 2])
  })

  it('of a long anchor file are thinned; the newest stays', () => {
    const sizes = sizesOf(savedCheckpoints(lines(2500)))
    expect(sizes.length).toBeLessThanOrEqual(1000)
    expect(sizes.slice(-2)).toEqual([2496, 2499])
  })

  it.each(['', 'hello', '"hello"\n', '"', `${JSON.stringify(noteOf(1))}\n{}\n`, '""\n'])('%j holds none', (text) => {
    expect(() => savedCheckpoints(text)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }))
  })
})

describe('the webhook', () => {
  const received: { headers: IncomingMessage['headers']; body: string }[] = []
  let answer = 204
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: request.headers, body })
    if (answer > 0) response.writeHead(answer, { location: '/elsewhere' }).end()
  })
  let url: string
  beforeEach(async () => {
    received.length = 0
    answer = 204
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchor`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('posts the checkpoint, signed with the secret', async () => {
    await webhookAnchor({ name: 'ops', url, secret: 's3cret' }).deliver(noteOf(5))
    await webhookAnchor({ name: 'ops', url }).deliver(noteOf(6))
    const [signed, plain] = received
    const want = { type: 'airworthy.checkpoint', origin: 'example.com/log', size: 5, checkpoint: noteOf(5) }
    expect(JSON.parse(signed?.body ?? '')).toEqual(want)
    const mac = createHmac('sha256', 's3cret')
      .update(signed?.body ?? '')
      .digest('hex')
    expect(signed?.headers['airworthy-signature']).toBe(`v1=${mac}`)
    expect(plain?.headers['airworthy-signature']).toBeUndefined()
  })

  it.each([500, 302, 404, 0])('an answer of %i is no delivery', async (status) => {
    answer = status
    const anchor = webhookAnchor({ name: 'ops', url, timeoutMs: 200 })
    await expect(anchor.deliver(noteOf(1))).rejects.toMatchObject({ code: 'ANCHOR_UNREACHABLE' })
    expect(received).toHaveLength(1)
  })

  it.each([
    ['http://example.com/x', 'ANCHOR_INVALID'],
    ['http://127.0.0.1.example.com/x', 'ANCHOR_INVALID'],
    ['ftp://127.0.0.1/x', 'ANCHOR_INVALID'],
    ['not a url', 'ANCHOR_INVALID'],
    ['https://example.com/x', undefined],
    ['http://localhost:1/x', undefined],
    ['http://[::1]:1/x', undefined],
  ])('%s: %s', (address, want) => {
    const make = () => webhookAnchor({ name: 'ops', url: address })
    if (want === undefined) expect(make().name).toBe('ops')
    else expect(make).toThrow(expect.objectContaining({ code: want }))
    if (address.startsWith('http:'))
      expect(webhookAnchor({ name: 'ops', url: address, allowInsecure: true }).name).toBe('ops')
  })
})

describe('delivery', () => {
  /** An anchor whose deliveries end when the test says so. */
  function slowAnchor() {
    const delivered: number[] = []
    let settle: { resolve: () => void; reject: (error: Error) => void } | undefined
    const anchor: Anchor = {
      name: 'slow',
      deliver: (note) =>
        new Promise<void>((resolve, reject) => {
          settle = {
            resolve: () => {
              delivered.push(Number(parseCheckpoint(note).size))
              resolve()
            },
            reject,
          }
        }),
    }
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    return {
      anchor,
      delivered,
      take: async () => {
        settle?.resolve()
        settle = undefined
        await turn()
      },
      refuse: async () => {
        settle?.reject(new Error('away'))
        settle = undefined
        await turn()
      },
    }
  }

  it('keeps one waiting, the newest, whatever is offered meanwhile', async () => {
    const { anchor, delivered, take } = slowAnchor()
    const delivery = deliverCheckpoints({ anchors: [anchor], clock: () => 42 })
    for (let size = 1; size <= 100; size++) delivery.offer(checkpointOf(size))
    await take()
    await take()
    await take()
    expect(delivered).toEqual([1, 100])
    expect(delivery.status()).toEqual([{ name: 'slow', anchoredSize: 100, anchoredMs: 42, failure: undefined }])
    delivery.stop()
  })

  it('tries again after a failure, with the newest, and says what failed meanwhile', async () => {
    const { anchor, delivered, take, refuse } = slowAnchor()
    const delivery = deliverCheckpoints({ anchors: [anchor], clock: () => 1, retryMs: 50 })
    delivery.offer(checkpointOf(1))
    await refuse()
    delivery.offer(checkpointOf(2))
    expect(String(delivery.status()[0]?.failure)).toContain('away')
    expect(delivery.status()[0]?.anchoredSize).toBeUndefined()
    while (delivered.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await take()
    }
    expect(delivered[0]).toBe(2)
    expect(delivery.status()[0]).toMatchObject({ anchoredSize: 2, failure: undefined })
    delivery.stop()
  })

  it('an anchor that is away does not keep another waiting', async () => {
    const away: Anchor = { name: 'away', deliver: async () => Promise.reject(new Error('away')) }
    const there: Anchor = { name: 'there', deliver: async () => undefined }
    const delivery = deliverCheckpoints({ anchors: [away, there], clock: () => 1 })
    delivery.offer(checkpointOf(3))
    await delivery.flush(1_000)
    expect(delivery.status().map(({ anchoredSize }) => anchoredSize)).toEqual([undefined, 3])
    delivery.stop()
  })

  it('a flush brings what waits, and ends in any case', async () => {
    const { anchor, delivered, take } = slowAnchor()
    const delivery = deliverCheckpoints({ anchors: [anchor], clock: () => 1 })
    delivery.offer(checkpointOf(1))
    delivery.offer(checkpointOf(2))
    await delivery.flush(5)
    expect(delivered).toEqual([])
    const flushed = delivery.flush(60_000)
    await take()
    await take()
    await flushed
    expect(delivered).toEqual([1, 2])
    delivery.stop()
  })
})
