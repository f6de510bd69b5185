/** Reads recorded runs in any format; the list of formats is here, each is a file beside its siblings. */
import { readAgentdojo } from './formats/agentdojo.ts'
import { readOpenaiMessages } from './formats/openai-messages.ts'
import { readOtlpJson } from './formats/otlp-json.ts'
import { readTauBench } from './formats/tau-bench.ts'
import type { RecordedRun, RunFormat, Unread } from './recorded-run.ts'
import type { SpanRecord } from './span.ts'

export interface ReadRuns {
  readonly runs: readonly RecordedRun[]
  /** Spans that stand in the text itself; runs of formats without spans get theirs from `spansOfRun`. */
  readonly spans: readonly SpanRecord[]
  readonly unread: readonly Unread[]
}

const readers: Readonly<Record<RunFormat, (text: string) => ReadRuns>> = {
  agentdojo: readAgentdojo,
  'tau-bench': readTauBench,
  'openai-messages': readOpenaiMessages,
  'otlp-json': readOtlpJson,
}

/**
 * The runs of a text, and every part of it that could not be read, by place and reason. A run is read whole or not at all.
 * Never throws. Pure.
 * @param text  one file, at most `runFileBytesMax`; the caller sees to that.
 */
export function readRuns(text: string, format: RunFormat): ReadRuns {
  const read = readers[format](text)
  if (read.runs.length + read.spans.length + read.unread.length > 0) return read
  return { ...read, unread: [{ where: 'the text', why: 'it holds no runs' }] }
}

/** The format that a text looks like, by the names of its first record; undefined: none of ours. */
export function guessRunFormat(text: string): RunFormat | undefined {
  const start = text.slice(0, 1024 * 1024)
  const has = (name: string): boolean => start.includes(`"${name}"`)
  if (has('resourceSpans')) return 'otlp-json'
  if (has('traj') && has('task_id')) return 'tau-bench'
  if (has('messages_display')) return 'tau-bench'
  if (has('pipeline_name') && has('messages')) return 'agentdojo'
  return has('role') ? 'openai-messages' : undefined
}
