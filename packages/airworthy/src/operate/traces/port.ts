/** What importing and reading recorded runs asks of a store. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Digest } from '../../core/digest.ts'
import type { RecordedRun, RunFormat } from '../../telemetry/recorded-run.ts'
import type { SpanRecord } from '../../telemetry/span.ts'

export interface TraceStore {
  /**
   * One file, whole or not at all. Runs and spans that are there already stay as they are; the entry is written when anything is new.
   */
  importRuns(act: ImportRunsAct): Promise<ImportedCounts>
  /** Newest import first, within one in the order of its file. */
  listRuns(page: { readonly limit: number; readonly format?: RunFormat }): Promise<readonly RunSummary[]>
  countRuns(): Promise<number>
  readRun(id: string): Promise<ImportedRun | undefined>
  /** By start, those without a time in the order they came. */
  spansOf(traceId: string): Promise<readonly SpanRecord[]>
}

export interface ImportRunsAct {
  readonly file: string
  readonly fileDigest: Digest
  readonly format: RunFormat
  readonly runs: readonly RecordedRun[]
  readonly spans: readonly SpanRecord[]
  readonly atMs: number
  /** Its `details` get the counts. */
  readonly entry: EntryDraft
}

export interface ImportedCounts {
  readonly runsNew: number
  readonly runsKnown: number
  readonly actionsNew: number
  readonly spansNew: number
  readonly spansKnown: number
}

export interface RunSummary {
  readonly id: string
  readonly name: string
  readonly format: RunFormat
  readonly agent?: string
  readonly model?: string
  readonly principalId?: string
  readonly outcome?: RecordedRun['outcome']
  readonly actions: number
  readonly traceId: string
  readonly file: string
  readonly importedMs: number
}

export interface ImportedRun {
  readonly run: RecordedRun
  readonly file: string
  readonly importedMs: number
}
