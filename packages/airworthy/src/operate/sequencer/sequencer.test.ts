import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../audit/checkpoint.ts'
import { LogTree } from '../../audit/log-tree.ts'
import { CompactRange, leafHash } from '../../audit/merkle.ts'
import { noteSigner } from '../../audit/note.ts'
import { generateSigningKey } from '../../core/signature.ts'
import type { SequencerPort, StoredCheckpoint } from './port.ts'
import { createSequencer, type SequencerOptions } from './sequencer.ts'

const signer = noteSigner('example.com/log', generateSigningKey())

interface Sequencing {
  readonly port: SequencerPort
  readonly sequencer: ReturnType<typeof createSequencer>
}

/** A store in memory that keeps the port's promises. `arm` lets the n-th act from now fail, before or after it has happened. */
class MemoryStore implements SequencerPort {
  lead = async () => true
  resign = async () => {}
  readonly leaves: Uint8Array[] = []
  readonly index: number[] = []
  readonly checkpoints: StoredCheckpoint[] = []
  readonly tiles = new Map<string, Uint8Array>()
  readonly acts: string[] = []
  #failing: { at: number; when: 'before' | 'after' } | undefined

  append(count: number): void {
    for (let added = 0; added < count; added++) this.leaves.push(leafHash(`entry ${this.leaves.length}`))
  }
  arm(at: number, when: 'before' | 'after'): void {
    this.acts.length = 0
    this.#failing = { at, when }
  }
  disarm(): void {
    this.#failing = undefined
  }

  latestCheckpoint = () => this.#act('latestCheckpoint', () => this.checkpoints.at(-1))
  indexedSize = () => this.#act('indexedSize', () => this.index.length)
  readUnsequenced = (limit: number) =>
    this.#act('readUnsequenced', () =>
      this.leaves
        .map((hash, key) => ({ key, leafHash: hash }))
        .slice((this.index.at(-1) ?? -1) + 1)
        .slice(0, limit),
    )
  readLeafHashes = (first: number, limit: number) =>
    this.#act('readLeafHashes', () =>
      this.index.slice(first, first + limit).map((key) => this.leaves[key] as Uint8Array),
    )
  readTile = ({ level, n }: { level: number; n: number }) =>
    this.#act('readTile', () => this.tiles.get(`${level}/${n}`))
  sequence = (act: Parameters<SequencerPort['sequence']>[0]) =>
    this.#act('sequence', () => {
      if (act.firstIndex !== this.index.length) return 'conflict' as const
      this.index.push(...act.entryKeys)
      return 'done' as const
    })
  publishCheckpoint = (act: Parameters<SequencerPort['publishCheckpoint']>[0]) =>
    this.#act('publishCheckpoint', () => {
      if (this.checkpoints.at(-1)?.size !== act.expectedSize) return 'conflict' as const
      for (const { level, n, hashes } of act.tiles) this.tiles.set(`${level}/${n}`, hashes)
      this.checkpoints.push({ size: act.size, note: act.note })
      return 'done' as const
    })

  async #act<T>(name: string, run: () => T): Promise<T> {
    this.acts.push(name)
    const isFailing = this.#failing?.at === this.acts.length
    if (isFailing && this.#failing?.when === 'before') throw new Error(`killed before ${name}`)
    const value = run()
    if (isFailing) throw new Error(`killed after ${name}`)
    return value
  }
}

/** Every entry exactly once and in order; every checkpoint ever signed is true of that one log. */
function expectWhole(store: MemoryStore): void {
  expect(store.index).toEqual(store.leaves.map((_, key) => key))
  const range = new CompactRange()
  const roots = [range.root()]
  for (const leaf of store.leaves) {
    range.append(leaf)
    roots.push(range.root())
  }
  for (const { size, note } of store.checkpoints) {
    const checkpoint = openCheckpoint(note, signer.vkey)
    expect(checkpoint.size).toBe(BigInt(size))
    expect(checkpoint.root).toEqual(roots[size])
  }
  expect(store.checkpoints.at(-1)?.size).toBe(store.leaves.length)
  const sizes = store.checkpoints.map(({ size }) => size)
  expect(sizes).toEqual([...new Set(sizes)].sort((left, right) => left - right))
}

const sequencerOn = (store: MemoryStore, options: Partial<SequencerOptions> = {}) =>
  createSequencer({ port: store, signer, sliceEntriesMax: 100, gatherMs: 1, pollMs: 5, ...options })
const until = async (isDone: () => boolean): Promise<void> => {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('killed in the middle of any act, and started again', () => {
  /** Acts of one drain over a log that has something behind it, a leftover, and 250 new entries. */
  async function prepared(): Promise<MemoryStore> {
    const store = new MemoryStore()
    store.append(300)
    await sequencerOn(store).drain()
    store.append(30)
    await store.sequence({ firstIndex: 300, entryKeys: Array.from({ length: 30 }, (_, added) => 300 + added) })
    store.append(250)
    return store
  }

  it('every entry is sequenced exactly once, and no two checkpoints disagree', async () => {
    const reference = await prepared()
    reference.arm(0, 'before')
    await sequencerOn(reference).drain()
    const acts = [...reference.acts]
    expect(new Set(acts)).toEqual(
      new Set([
        'latestCheckpoint',
        'readTile',
        'indexedSize',
        'readLeafHashes',
        'publishCheckpoint',
        'readUnsequenced',
        'sequence',
      ]),
    )
    for (let at = 1; at <= acts.length; at++) {
      for (const when of ['before', 'after'] as const) {
        const store = await prepared()
        store.arm(at, when)
        await expect(sequencerOn(store).drain(), `${when} act ${at}`).rejects.toThrow(`killed ${when} ${acts[at - 1]}`)
        store.disarm()
        await sequencerOn(store).drain()
        expectWhole(store)
      }
    }
  })

  it('the same sequencer goes on too, when the store failed and it did not', async () => {
    const store = await prepared()
    const sequencer = sequencerOn(store)
    for (let at = 1; at < 12; at++) {
      store.arm(at, at % 2 === 0 ? 'before' : 'after')
      store.append(10)
      await sequencer.drain().catch(() => undefined)
    }
    store.disarm()
    await sequencer.drain()
    expectWhole(store)
  })
})

describe('at work', () => {
  it('publishes the empty checkpoint, then what it is woken for, each once and in order', async () => {
    const store = new MemoryStore()
    const published: number[] = []
    const sequencer = sequencerOn(store, { pollMs: 100_000, onCheckpoint: ({ size }) => published.push(size) })
    await sequencer.start()
    expect(published).toEqual([0])
    for (const size of [1, 50, 250]) {
      store.append(size - store.leaves.length)
      for (let times = 0; times < 3; times++) sequencer.wake()
      await until(() => sequencer.coveredSize === size)
    }
    await sequencer.stop()
    expect(published).toEqual([0, 1, 50, 150, 250])
    expectWhole(store)
  })

  it('finds entries of another process without being woken', async () => {
    const store = new MemoryStore()
    const sequencer = sequencerOn(store)
    await sequencer.start()
    store.append(3)
    await until(() => sequencer.coveredSize === 3)
    await sequencer.stop()
    expectWhole(store)
  })

  it('covers on stop what was appended last', async () => {
    const store = new MemoryStore()
    const sequencer = sequencerOn(store, { pollMs: 100_000, gatherMs: 100_000 })
    await sequencer.start()
    store.append(7)
    sequencer.wake()
    await sequencer.stop()
    expectWhole(store)
  })

  it('started again, offers its last checkpoint to the anchors again', async () => {
    const store = new MemoryStore()
    store.append(2)
    await sequencerOn(store).drain()
    const published: number[] = []
    const sequencer = sequencerOn(store, { onCheckpoint: ({ size }) => published.push(size) })
    await sequencer.start()
    await sequencer.stop()
    expect(published).toEqual([2])
  })

  it('says why it stands still, and goes on by itself', async () => {
    const store = new MemoryStore()
    const errors: unknown[] = []
    const sequencer = sequencerOn(store, { onError: (error) => errors.push(error) })
    await sequencer.start()
    store.arm(1, 'before')
    store.append(1)
    await until(() => errors.length > 0)
    await until(() => sequencer.coveredSize === 1)
    expect(String(errors[0])).toContain('killed before')
    await until(() => sequencer.failure === undefined)
    await sequencer.stop()
  })

  it('tells once why it stands still, and again when that changes', async () => {
    const store = new MemoryStore()
    const errors: unknown[] = []
    const sequencer = sequencerOn(store, { onError: (error) => errors.push(String(error)) })
    await sequencer.start()
    let tries = 0
    const failing = (why: string) => async (): Promise<boolean> => {
      tries++
      throw new Error(why)
    }
    store.lead = failing('the disk is full')
    await until(() => tries > 5)
    store.lead = failing('it can only be read')
    await until(() => tries > 10)
    store.lead = async () => true
    await until(() => sequencer.failure === undefined)
    expect(errors).toEqual(['Error: the disk is full', 'Error: it can only be read'])
    await sequencer.stop()
  })

  it('a second one on the same store leads as well as the first', async () => {
    const store = new MemoryStore()
    const sequencers = [sequencerOn(store), sequencerOn(store)]
    await Promise.all(sequencers.map((sequencer) => sequencer.start()))
    for (let round = 0; round < 20; round++) {
      store.append(7)
      for (const sequencer of sequencers) sequencer.wake()
      await until(() => sequencers.every(({ coveredSize }) => coveredSize === store.leaves.length))
    }
    await Promise.all(sequencers.map((sequencer) => sequencer.stop()))
    expectWhole(store)
  })
})

describe('a store that disagrees with the last signed checkpoint', () => {
  const broken: [string, (store: MemoryStore) => void][] = [
    ['tiles of another history', (store) => void store.tiles.set('0/0', tileOfAnotherLog())],
    ['a tile gone', (store) => void store.tiles.clear()],
    ['a tile cut', (store) => void store.tiles.set('0/0', new Uint8Array(32))],
    ['an index cut', (store) => void store.index.splice(5)],
    ['another key', (store) => void store.checkpoints.push(foreignCheckpoint())],
  ]
  it.each(broken)('%s: nothing more is signed', async (_name, breakIt) => {
    const store = new MemoryStore()
    store.append(10)
    await sequencerOn(store).drain()
    breakIt(store)
    store.append(1)
    const count = store.checkpoints.length
    await expect(sequencerOn(store).start()).rejects.toMatchObject({ code: 'AUDIT_LOG_INCONSISTENT' })
    expect(store.checkpoints).toHaveLength(count)
  })

  function foreignCheckpoint(): StoredCheckpoint {
    return { size: 10, note: 'example.com/log\n10\nAAAA\n\n— example.com/log AAAAAAAA\n' }
  }

  function tileOfAnotherLog(): Uint8Array {
    const tree = new LogTree()
    for (let index = 0; index < 10; index++) tree.append(leafHash(`other ${index}`))
    return tree.takeGrownTiles()[0]?.hashes as Uint8Array
  }
})

describe('one leader of several', () => {
  it('a follower starts, and drains, while entries come without a pause', async () => {
    const store = new MemoryStore()
    const [leader, follower] = [0, 1].map(() => {
      const port = Object.create(store, { lead: { value: async () => isLeader(port) } }) as SequencerPort
      return { port, sequencer: createSequencer({ port, signer }) }
    }) as [Sequencing, Sequencing]
    const isLeader = (port: SequencerPort): boolean => port === leader.port
    await leader.sequencer.drain()
    // At each look there is something new; the leader covers what was there before.
    const look = store.readUnsequenced
    follower.port.readUnsequenced = async (limit) => {
      const seen = await look(limit)
      await leader.sequencer.drain()
      store.append(1)
      return seen
    }
    store.append(3)
    await follower.sequencer.start()
    await follower.sequencer.drain()
    expect(follower.sequencer.coveredSize).toBeGreaterThanOrEqual(3)
    await Promise.all([leader.sequencer.stop(), follower.sequencer.stop()])
  })

  it('a round that runs while it stops leaves no lease behind', async () => {
    const store = new MemoryStore()
    let isHeld = false
    let asked = (): void => {}
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    let isLate = false
    store.lead = async () => {
      if (!isLate) return false
      asked()
      await new Promise((resolve) => setTimeout(resolve, 20))
      isHeld = true
      return true
    }
    store.resign = async () => {
      isHeld = false
    }
    const sequencer = createSequencer({ port: store, signer, pollMs: 5 })
    // Somebody else leads and has covered all there is.
    store.checkpoints.push({ size: 0, note: '' })
    await sequencer.start()
    store.checkpoints.length = 0
    isLate = true
    await wasAsked
    await sequencer.stop()
    expect(isHeld).toBe(false)
  })

  it('a checkpoint whose reply was lost reaches the anchors once', async () => {
    const store = new MemoryStore()
    const offered: number[] = []
    const sequencer = createSequencer({ port: store, signer, onCheckpoint: ({ size }) => offered.push(size) })
    await sequencer.drain()
    store.append(3)
    const publish = store.publishCheckpoint
    store.publishCheckpoint = async (act) => {
      store.publishCheckpoint = publish
      await publish(act)
      // The act came again behind a cut connection and met its own first try.
      return 'conflict'
    }
    await sequencer.drain()
    expect(offered).toEqual([0, 3])
    store.append(1)
    await sequencer.drain()
    expect(offered).toEqual([0, 3, 4])
  })
})
