/**
 * Spans, and recorded runs that were imported. Imported runs were never governed: they stand apart from tasks and actions, and nothing
 * that decides, counts or verifies reads them. All of it can be deleted.
 */
export const tracesMigration = `
CREATE TABLE imports (
  row INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  file_digest TEXT NOT NULL,
  format TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE imported_tasks (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  import_row INTEGER NOT NULL REFERENCES imports (row),
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  agent TEXT,
  model TEXT,
  principal TEXT,
  messages TEXT NOT NULL,
  outcome TEXT,
  trace_id TEXT NOT NULL
) STRICT;
CREATE INDEX imported_tasks_by_import ON imported_tasks (import_row);

CREATE TABLE imported_actions (
  task_row INTEGER NOT NULL REFERENCES imported_tasks (row) ON DELETE CASCADE,
  n INTEGER NOT NULL CHECK (n >= 0),
  tool TEXT NOT NULL,
  arguments TEXT NOT NULL,
  after_messages INTEGER NOT NULL CHECK (after_messages >= 0),
  result TEXT,
  error TEXT,
  auth_checks TEXT,
  span_id TEXT,
  PRIMARY KEY (task_row, n)
) STRICT, WITHOUT ROWID;

/* Who sends a span again after a cut connection changes nothing: trace and span are its identity. */
CREATE TABLE spans (
  row INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL CHECK (length(trace_id) = 32),
  span_id TEXT NOT NULL CHECK (length(span_id) = 16),
  parent_span_id TEXT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('unspecified', 'internal', 'server', 'client', 'producer', 'consumer')),
  /* Nanoseconds since 1970; null where a record has no times. */
  start_ns INTEGER,
  end_ns INTEGER,
  status TEXT NOT NULL CHECK (status IN ('unset', 'ok', 'error')),
  status_message TEXT,
  attributes TEXT NOT NULL,
  resource TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('kit', 'otlp', 'import')),
  import_row INTEGER REFERENCES imports (row),
  UNIQUE (trace_id, span_id),
  CHECK (source <> 'import' OR import_row IS NOT NULL)
) STRICT;
CREATE INDEX spans_by_start ON spans (start_ns) WHERE start_ns IS NOT NULL;
`
