/** Imports a file of recorded runs: apart from the ledger, for nothing of it was governed; that it happened is an audit entry. */
import { basename } from 'node:path'
import type { AuditActor } from '../../audit/entry.ts'
import { digestOfText } from '../../core/digest.ts'
import { readRuns } from '../../telemetry/read-runs.ts'
import type { RunFormat, Unread } from '../../telemetry/recorded-run.ts'
import { spansOfRun } from '../../telemetry/spans-of-run.ts'
import type { ImportedCounts, TraceStore } from './port.ts'

export interface ImportRuns {
  /** As the operator named it; only its last part is kept. */
  readonly file: string
  readonly text: string
  readonly format: RunFormat
  readonly actor: AuditActor
  readonly atMs: number
  readonly newId: (prefix: 'ent') => string
}

export interface ImportReport extends ImportedCounts {
  readonly file: string
  readonly format: RunFormat
  readonly unread: readonly Unread[]
}

/** One act: all that could be read of the file, or nothing. @throws STORE_UNAVAILABLE */
export async function importRuns(store: TraceStore, request: ImportRuns): Promise<ImportReport> {
  const { file, text, format, actor, atMs, newId } = request
  const { runs, spans, unread } = readRuns(text, format)
  const fileDigest = digestOfText(text)
  const name = basename(file).slice(0, 200)
  const counts = await store.importRuns({
    file: name,
    fileDigest,
    format,
    runs,
    spans: format === 'otlp-json' ? spans : runs.flatMap(spansOfRun),
    atMs,
    entry: {
      id: newId('ent'),
      timeMs: atMs,
      kind: 'runs-imported',
      actor,
      object: fileDigest,
      // Not the file's name: what is in the log cannot be erased.
      details: { format, unread: unread.length },
    },
  })
  return { file, format, ...counts, unread }
}
