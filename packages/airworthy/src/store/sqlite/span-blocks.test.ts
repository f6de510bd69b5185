/** Spans in blocks: what is packed comes out as it was, blocks count who stands in them, and the last one takes the block along. */
import { afterEach, describe, expect, test } from 'vitest'
import { AttributeTexts } from '../../telemetry/otlp/attribute-texts.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import { openSqlite } from './open.ts'
import { packSpans } from './packed-spans.ts'
import { sqliteSpanBlocks } from './span-blocks.ts'
import { sqliteSpanWriter } from './span-writer.ts'

const dayMs = 86_400_000
let close: (() => void) | undefined
afterEach(() => close?.())

function opened() {
  const db = openSqlite(':memory:')
  close = () => db.close()
  const writer = sqliteSpanWriter(db, db)
  const blocks = sqliteSpanBlocks(db)
  return {
    db,
    write(spans: readonly SpanRecord[], atMs = 1) {
      const texts = new AttributeTexts()
      const read = spans.map((span) => ({ ...span, attributes: texts.of(span.attributes) }))
      return writer.writePacked(packSpans(read, texts.bytes), 'desk', atMs)
    },
    expire: (beforeMs: number, keptBeforeMs = beforeMs) =>
      writer.expire({ beforeMs, keptBeforeMs, afterRow: 0, limit: 1_000 }),
    texts: () =>
      new Map(
        blocks
          .unpacked(
            db.prepare('SELECT span_id, attributes FROM spans').all() as { span_id: string; attributes: string }[],
          )
          .map(({ span_id, attributes }) => [span_id, attributes]),
      ),
    count: (table: string, where = '1') =>
      db.prepare(`SELECT count(*) FROM ${table} WHERE ${where}`).pluck().get() as number,
  }
}

function spanOf(n: number, text: string, trace = n % 3): SpanRecord {
  return {
    traceId: `${trace + 1}`.padStart(32, '0'),
    spanId: n.toString(16).padStart(16, '0'),
    name: `span ${n}`,
    kind: 'internal',
    startNs: BigInt(n) * 1_000_000n,
    endNs: BigInt(n + 1) * 1_000_000n,
    status: 'unset',
    attributes: { n, text },
    resource: {},
  }
}

const words = ['plain', 'naïve €uro', '😀 "quoted" \\ \n', '\u0000', '#1:2:3:4', 'x'.repeat(3_000), '']

describe('packed spans', () => {
  test('come out as they went in, in any mix of texts and sizes', async () => {
    const { write, texts, count } = opened()
    const spans = Array.from({ length: 300 }, (_, n) =>
      spanOf(n + 1, (words[n % words.length] as string).repeat(1 + (n % 5))),
    )
    expect(await write(spans)).toMatchObject({ spansNew: 300 })
    const found = texts()
    for (const { spanId, attributes } of spans) expect(found.get(spanId)).toBe(JSON.stringify(attributes))
    expect(count('span_blocks')).toBeGreaterThan(3)
    expect(count('spans', "attributes GLOB '#*'")).toBeGreaterThan(200)
  })

  test('one larger than a block has one for itself; few small ones have none', async () => {
    const { write, texts, count } = opened()
    await write([spanOf(1, 'small')])
    expect(count('span_blocks')).toBe(0)
    await write([spanOf(2, 'y'.repeat(600_000)), spanOf(3, 'z'.repeat(3_000), 2)])
    expect(count('span_blocks')).toBe(2)
    expect(texts().get(spanOf(2, '').spanId)).toHaveLength(600_000 + '{"n":2,"text":""}'.length)
  })

  test('that are known already leave no second block', async () => {
    const { db, write, count } = opened()
    const spans = Array.from({ length: 50 }, (_, n) => spanOf(n + 1, 'q'.repeat(200)))
    await write(spans)
    expect(await write(spans)).toMatchObject({ spansNew: 0, spansKnown: 50 })
    expect(count('span_blocks')).toBe(1)
    const more = [...spans, spanOf(51, 'q'.repeat(200))]
    expect(await write(more)).toMatchObject({ spansNew: 1, spansKnown: 50 })
    expect(db.prepare('SELECT spans FROM span_block_counts ORDER BY block').pluck().all()).toEqual([50, 1])
  })
})

describe('old spans', () => {
  test('take their block along with the last of them', async () => {
    const { write, expire, texts, count } = opened()
    await write(
      Array.from({ length: 20 }, (_, n) => spanOf(n + 1, 'q'.repeat(200))),
      dayMs,
    )
    await write(
      Array.from({ length: 20 }, (_, n) => spanOf(n + 101, 'r'.repeat(200))),
      9 * dayMs,
    )
    expect(count('span_blocks')).toBe(2)
    expect(await expire(5 * dayMs)).toMatchObject({ deleted: 20 })
    expect([count('span_blocks'), count('span_block_counts'), count('spans')]).toEqual([1, 1, 20])
    expect(texts().get(spanOf(101, '').spanId)).toContain('rrr')
    await expire(10 * dayMs)
    expect([count('span_blocks'), count('span_block_counts'), count('spans')]).toEqual([0, 0, 0])
  })

  test('that are kept longer are taken out, so that nothing of the others stays', async () => {
    const { db, write, expire, texts, count } = opened()
    await write(
      Array.from({ length: 21 }, (_, n) => spanOf(n + 1, `${n % 3 === 0 ? 'kept' : 'gone'} `.repeat(40), n % 3)),
      dayMs,
    )
    db.exec('PRAGMA foreign_keys = OFF')
    const columns = (db.pragma('table_info(tasks)') as { name: string; type: string; notnull: number }[]).filter(
      ({ name, notnull }) => notnull === 1 && name !== 'row' && name !== 'trace_id',
    )
    const names = columns.map(({ name }) => name).join(', ')
    const values = columns.map(({ type }) => (type === 'INTEGER' ? 1 : "'x'")).join(', ')
    db.exec(`INSERT INTO tasks (row, trace_id, ${names}) VALUES (1, '${'1'.padStart(32, '0')}', ${values})`)
    db.exec("INSERT INTO task_exhaustions (task_row, budget, fallback, at_ms, used) VALUES (1, 'steps', 'stop', 1, 1)")
    const deletion = await expire(5 * dayMs, 0)
    expect(deletion).toMatchObject({ deleted: 14, kept: 7 })
    expect([count('span_blocks'), count('span_block_counts'), count('spans')]).toEqual([0, 0, 7])
    expect([...texts().values()].every((text) => text.includes('kept'))).toBe(true)
  })
})
