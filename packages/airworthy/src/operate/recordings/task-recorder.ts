/**
 * Records what passes between agents and this gateway in tasks that are no trials: which tasks, how much of them, and what is taken out
 * before anything is written. Everything happens behind the call: exchanges wait in memory, bounded, are looked through one by one
 * between other work, and are written several in one act. Whatever goes wrong here costs a recording, never a call; what is not
 * written is counted, so that a replay knows of it.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { sha256 } from '../../core/hash.ts'
import { isJsonObject } from '../../core/json.ts'
import type { EffectiveManifest, RecordingRule } from '../../core/manifest/effective.ts'
import { type Exchange, kindOfExchange, type LossReason, parsed } from '../../evals/cassette/cassette.ts'
import { type Hiding, hiddenExchange, hiddenText, hidingOf } from '../../evals/cassette/hide-exchange.ts'
import type { TaskRecord } from '../../guard/port.ts'
import type { RecordingStore, StoredPart, StoredPiece } from './port.ts'

export interface TaskRecorder {
  /** An exchange of the task of this token begins; undefined: it is not recorded. Never throws. */
  begin(token: string): OpenExchange | undefined
  /** Whoever closed the task said this of it: a body of `POST /tasks/{id}/close`. Never throws. */
  closed(task: string, body: string): void
  /** Keeps nothing more of this task; resolves when nothing of it is under way. Never throws. */
  forget(task: string): Promise<void>
  /** Writes what waits; resolves when it is on record or given up. */
  flush(): Promise<void>
  close(): Promise<void>
  status(): RecorderStatus
}

export interface OpenExchange {
  /** Of request and answer each; what is longer need not be kept. */
  readonly bytesMax: number
  end(exchange: Exchange): void
  /** @param known  without bodies. */
  lose(why: LossReason, known: Exchange): void
}

export interface RecorderStatus {
  readonly written: number
  /** Exchanges that were begun and are not kept, for whatever reason. */
  readonly lost: number
  readonly waitingBytes: number
}

export interface RecorderParts {
  readonly store: Pick<RecordingStore, 'keepRecording' | 'recordedBytes'>
  readonly taskOfToken: (token: string) => Promise<TaskRecord | undefined>
  readonly readTask: (task: string) => Promise<TaskRecord | undefined>
  readonly rule: RecordingRule
  readonly data: EffectiveManifest['data']
  /** Of this gateway, and of no other. */
  readonly gateway: string
  readonly clock: () => number
  readonly log: (line: string) => void
  /** Smaller ones, for tests. */
  readonly bounds?: Partial<RecorderBounds>
}

export interface RecorderBounds {
  /** Of a request, and of an answer. */
  readonly exchangeBytesMax: number
  readonly taskBytesMax: number
  readonly taskExchangesMax: number
  /** In memory, all tasks together. */
  readonly waitingBytesMax: number
  /** What waits is written after so long. */
  readonly delayMs: number
}

const boundsUsual: RecorderBounds = {
  exchangeBytesMax: 2 * 1024 * 1024,
  taskBytesMax: 32 * 1024 * 1024,
  taskExchangesMax: 2_000,
  waitingBytesMax: 64 * 1024 * 1024,
  delayMs: 250,
}
/** Tasks that one gateway records at once; of more it records the latest. */
const tasksMax = 10_000
/** One act writes no more than this. */
const batchBytesMax = 4 * 1024 * 1024
/** A task at which nothing happens for so long is forgotten here; what comes later is another part of its recording. */
const idleMs = 600_000
const lookAtStoreMs = 60_000
/** What comes so long after a task's end is no part of it, and might bring back what was forgotten. */
const afterEndMs = 60_000
const attemptsMax = 3
const replyCharactersMax = 32_768
/** A little more than its characters, for each exchange that waits. */
const overheadBytes = 1_024

interface RecordedTask {
  /** Undefined until the store was asked. */
  id: string | undefined
  state: 'asked' | 'recorded' | 'left-out'
  readonly part: string
  isWanted: boolean
  begun: number
  open: number
  waiting: number
  /** As they came, and as they are written. */
  bytes: number
  packedBytes: number
  lastMs: number
  hasFailed: boolean
  reply: string | undefined
  isDirty: boolean
  /** Done when the store has said whose token it is. */
  asked: Promise<void>
}

interface Waiting {
  readonly task: RecordedTask
  readonly n: number
  readonly begunMs: number
  readonly endedMs: number
  readonly exchange: Exchange
  readonly bytes: number
}

const pack = promisify(gzip)

/** Begins no work by itself; it writes when there is something to write. */
export function taskRecorder(parts: RecorderParts): TaskRecorder {
  const { store, rule, clock, log } = parts
  const bounds = { ...boundsUsual, ...parts.bounds }
  const hiding = hidingOf(parts.data)
  const byToken = new Map<string, RecordedTask>()
  const queue: Waiting[] = []
  let waitingBytes = 0
  let written = 0
  let lost = 0
  let partCount = 0
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let storeBytes = 0
  let storeLookedAtMs = Number.NEGATIVE_INFINITY
  let isTold = false

  function newTask(): RecordedTask {
    return {
      id: undefined,
      state: 'asked',
      part: `${parts.gateway}/${++partCount}`,
      isWanted: true,
      begun: 0,
      open: 0,
      waiting: 0,
      bytes: 0,
      packedBytes: 0,
      lastMs: clock(),
      hasFailed: false,
      reply: undefined,
      isDirty: false,
      asked: Promise.resolve(),
    }
  }

  function taskOf(token: string): RecordedTask {
    const known = byToken.get(token)
    if (known !== undefined) return known
    const task = newTask()
    byToken.set(token, task)
    task.asked = settle(token, task, () => parts.taskOfToken(token))
    if (byToken.size > tasksMax) {
      const [oldest] = [...byToken].find(([, one]) => one.open + one.waiting === 0) ?? []
      if (oldest !== undefined) byToken.delete(oldest)
    }
    return task
  }

  /** Finds out whose it is, and whether that task is recorded. Never throws. */
  async function settle(key: string, task: RecordedTask, ask: () => Promise<TaskRecord | undefined>): Promise<void> {
    try {
      // Behind the call that brought it.
      await turn()
      const record = await ask()
      task.id = record?.id
      task.isWanted = record !== undefined && isInShare(record.id, rule.share)
      const isOver = record?.closedMs !== undefined && clock() - record.closedMs > afterEndMs
      const isRecorded = record !== undefined && !record.probe && !isOver && (task.isWanted || rule.failed)
      task.state = isRecorded ? 'recorded' : 'left-out'
    } catch {
      // The next exchange asks again. Of those before it the ledger knows: a replay says that they are not on record.
      task.state = 'left-out'
      byToken.delete(key)
    }
  }

  function arm(): void {
    if (timer !== undefined || isClosed) return
    timer = setTimeout(() => {
      timer = undefined
      void flush()
    }, bounds.delayMs)
    timer.unref()
  }

  function enqueue(task: RecordedTask, n: number, begunMs: number, exchange: Exchange): void {
    const bytes = exchange.request.length + exchange.answer.length + overheadBytes
    const why: LossReason | undefined =
      exchange.lost !== undefined
        ? undefined
        : Math.max(exchange.request.length, exchange.answer.length) > bounds.exchangeBytesMax
          ? 'too-large'
          : task.bytes + bytes > bounds.taskBytesMax || n > bounds.taskExchangesMax
            ? 'task-too-large'
            : waitingBytes + bytes > bounds.waitingBytesMax
              ? 'too-fast'
              : storeBytes > rule.storeBytesMax
                ? 'store-full'
                : undefined
    const kept = why === undefined ? exchange : withoutBodies(exchange, why)
    if (kept.lost !== undefined) lost++
    // Of a task without end the numbers alone are kept.
    if (n > bounds.taskExchangesMax) return
    const keptBytes = kept.request.length + kept.answer.length + overheadBytes
    task.bytes += keptBytes
    task.waiting++
    waitingBytes += keptBytes
    queue.push({ task, n, begunMs, endedMs: clock(), exchange: kept, bytes: keptBytes })
  }

  async function flush(): Promise<void> {
    writing = writing.then(writeAll)
    await writing
  }

  async function writeAll(): Promise<void> {
    try {
      await lookAtStore()
      await Promise.all([...new Set([...byToken.values()].map(({ asked }) => asked))])
      while (queue.length > 0) await writeSome()
      const left = [...byToken.values()].filter(({ isDirty, state }) => isDirty && state === 'recorded')
      if (left.length > 0) await keep(left, [])
      forgetIdle()
    } catch (error) {
      log(`recordings could not be written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async function writeSome(): Promise<void> {
    const batch: Waiting[] = []
    let bytes = 0
    while (queue.length > 0 && bytes < batchBytesMax) {
      const next = queue.shift() as Waiting
      bytes += next.bytes
      batch.push(next)
    }
    const pieces: StoredPiece[] = []
    for (const { task, n, begunMs, endedMs, exchange } of batch) {
      if (task.state !== 'recorded' || task.id === undefined) continue
      // Looking through a long text takes a while: others go first.
      await turn()
      const safe = exchange.lost === undefined ? hiddenExchange(exchange, hiding) : withHiddenPath(exchange, hiding)
      const body = await pack(JSON.stringify({ begunMs, endedMs, exchange: safe }), { level: 1 })
      task.packedBytes += body.length
      pieces.push({ task: task.id, part: task.part, n, body })
    }
    for (const { task, bytes: done } of batch) {
      task.waiting--
      waitingBytes -= done
    }
    const tasks = [...new Set(batch.map(({ task }) => task))].filter(({ state }) => state === 'recorded')
    if (tasks.length > 0) await keep(tasks, pieces)
  }

  async function keep(tasks: readonly RecordedTask[], pieces: readonly StoredPiece[]): Promise<void> {
    const rows = tasks.map(partOf)
    for (const task of tasks) task.isDirty = false
    for (let attempt = 1; ; attempt++) {
      try {
        await store.keepRecording({ parts: rows, pieces })
        written += pieces.length
        storeBytes += pieces.reduce((sum, { body }) => sum + body.length, 0)
        return
      } catch (error) {
        if (attempt < attemptsMax) {
          await sleep(bounds.delayMs * attempt)
          continue
        }
        lost += pieces.length
        for (const task of tasks) task.isDirty = true
        throw error
      }
    }
  }

  function partOf(task: RecordedTask): StoredPart {
    return {
      task: task.id as string,
      part: task.part,
      begun: task.begun,
      isOpen: task.open > 0,
      atMs: task.lastMs,
      bytes: task.packedBytes,
      isWanted: task.isWanted,
      hasFailed: task.hasFailed,
      about: JSON.stringify({ hiding, ...(task.reply === undefined ? {} : { reply: task.reply }) }),
    }
  }

  async function lookAtStore(): Promise<void> {
    if (Math.abs(clock() - storeLookedAtMs) < lookAtStoreMs) return
    storeLookedAtMs = clock()
    storeBytes = await store.recordedBytes()
    const isFull = storeBytes > rule.storeBytesMax
    if (isFull && !isTold) log('Recordings use all the room that the manifest gives them; nothing more is recorded.')
    isTold = isFull
  }

  function forgetIdle(): void {
    const beforeMs = clock() - idleMs
    for (const [token, task] of byToken) {
      if (task.open + task.waiting === 0 && task.lastMs < beforeMs) byToken.delete(token)
    }
  }

  return {
    begin(token) {
      if (isClosed) return undefined
      const task = taskOf(token)
      if (task.state === 'left-out') return undefined
      const n = ++task.begun
      const begunMs = clock()
      let isEnded = false
      task.open++
      task.lastMs = begunMs
      task.isDirty = true
      arm()
      const end = (exchange: Exchange): void => {
        if (isEnded) return
        isEnded = true
        task.open--
        task.lastMs = clock()
        task.isDirty = true
        enqueue(task, n, begunMs, exchange)
        arm()
      }
      return {
        bytesMax: bounds.exchangeBytesMax,
        end,
        lose: (why, known) => end(withoutBodies(known, why)),
      }
    },

    closed(id, body) {
      const said = parsed(body)
      if (!isJsonObject(said) || (said.reply === undefined && said.failed === undefined)) return
      let task = [...byToken.values()].find((one) => one.id === id)
      if (task === undefined) {
        // Another gateway has its exchanges, or nobody: what was said is a part without any.
        task = newTask()
        const key = `closed ${id}`
        byToken.set(key, task)
        task.asked = settle(key, task, () => parts.readTask(id))
      }
      task.hasFailed = typeof said.failed === 'string'
      if (typeof said.reply === 'string') task.reply = hiddenText(said.reply.slice(0, replyCharactersMax), hiding)
      task.isDirty = true
      arm()
    },

    async forget(id) {
      // What was recorded is on record first, so that its end is told; and whose every token is, is known then.
      await flush()
      for (const task of byToken.values()) if (task.id === id) task.state = 'left-out'
      await flush()
    },

    flush,

    async close() {
      isClosed = true
      clearTimeout(timer)
      await flush()
    },

    status: () => ({ written, lost, waitingBytes }),
  }
}

/** The same task is recorded by every gateway, or by none. */
function isInShare(task: string, share: number): boolean {
  return Buffer.from(sha256(task)).readUInt32BE() / 2 ** 32 < share
}

function withoutBodies(exchange: Exchange, why: LossReason): Exchange {
  return { ...exchange, request: '', answer: '', lost: { why, kind: kindOfExchange(exchange).kind } }
}

function withHiddenPath(exchange: Exchange, hiding: Hiding): Exchange {
  return { ...exchange, path: hiddenText(exchange.path, hiding) ?? '' }
}
