/** What is erased is in no byte of the file: not in the copies either that rows leave when their page is split under them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { databaseFile, openSqlite, openTraces, type SqliteDatabase, tracesFile } from './open.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airworthy-erased-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it.each([
  [databaseFile, openSqlite],
  [tracesFile, openTraces],
] as const)('%s', (file, open: (dir: string) => SqliteDatabase) => {
  const [writer, eraser] = [open(dir), open(dir)]
  writer.exec('CREATE TABLE said (row INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT)')
  const say = writer.prepare('INSERT INTO said (name, body) VALUES (?, ?)')
  const count = 200
  for (let n = 0; n < count; n++) say.run(`n${n}`, `zebra ${'x'.repeat(300 + ((n * 37) % 500))}`)
  eraser.pragma('secure_delete = on')
  const erase = eraser.prepare("UPDATE said SET body = '[erased]' WHERE name = ?")
  for (let n = 0; n < count; n++) erase.run(`n${n}`)
  eraser.pragma('wal_checkpoint(truncate)')
  expect(readFileSync(join(dir, file)).includes('zebra')).toBe(false)
  for (const one of [writer, eraser]) one.close()
})
