/**
 * Spans, what is counted of them, and recorded runs that were imported. Imported runs were never governed: they stand apart from tasks
 * and actions, and nothing that decides, counts or verifies reads them. All of it can be deleted.
 *
 * Rollups are counted of spans by minute, hour and day (`tier`, in minutes). Rows of one group stand together, so that reading one
 * series is reading one place. `shard` is for stores that several processes write.
 *
 * Of a span, small columns stand before large ones, so that who counts them reads no texts. `reading` is what its attributes say of a
 * model or a tool, as it was read when it came: a note that can be made again from the attributes at any time. Who sends a span again
 * after a cut connection changes nothing: trace and span are its identity.
 *
 * Attributes of spans that came together are packed together: a disk that takes a hundred megabytes a second is otherwise what bounds
 * how many spans are durable in one. A span whose attributes stand in a block has, in place of its JSON, `#block:from:bytes:characters`.
 * Blocks know how many spans stand in them; who leaves last takes the block along.
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

CREATE TABLE spans (
  row INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL CHECK (length(trace_id) = 32),
  span_id TEXT NOT NULL CHECK (length(span_id) = 16),
  parent_span_id TEXT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  /* Nanoseconds since 1970; null where a record has no times. */
  start_ns INTEGER,
  end_ns INTEGER,
  status TEXT NOT NULL,
  status_message TEXT,
  source TEXT NOT NULL,
  import_row INTEGER REFERENCES imports (row),
  /* Whose key sent it and when: a span that an agent sends is a claim of its own. */
  agent TEXT,
  received_ms INTEGER,
  reading TEXT,
  resource TEXT NOT NULL,
  attributes TEXT NOT NULL,
  /* What OTLP says of a span besides its columns. */
  details TEXT,
  UNIQUE (trace_id, span_id),
  /* With OR: a list of IN is built anew for every row that is checked. */
  CHECK (source = 'kit' OR source = 'otlp' OR (source = 'import' AND import_row IS NOT NULL))
) STRICT;
CREATE INDEX spans_by_end ON spans (end_ns) WHERE end_ns IS NOT NULL;

CREATE TABLE span_blocks (
  row INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
/* Apart: counting down must not write the bytes again. */
CREATE TABLE span_block_counts (
  block INTEGER PRIMARY KEY,
  spans INTEGER NOT NULL
) STRICT;
CREATE TRIGGER span_block_emptied AFTER UPDATE ON span_block_counts WHEN NEW.spans <= 0 BEGIN
  DELETE FROM span_blocks WHERE row = NEW.block;
  DELETE FROM span_block_counts WHERE block = NEW.block;
END;
CREATE TRIGGER packed_span_deleted AFTER DELETE ON spans WHEN OLD.attributes >= '#' AND OLD.attributes < '$' BEGIN
  UPDATE span_block_counts SET spans = spans - 1 WHERE block = CAST(substr(OLD.attributes, 2) AS INTEGER);
END;
CREATE TRIGGER packed_span_taken_out AFTER UPDATE OF attributes ON spans
WHEN OLD.attributes >= '#' AND OLD.attributes < '$' AND NEW.attributes NOT GLOB '#*' BEGIN
  UPDATE span_block_counts SET spans = spans - 1 WHERE block = CAST(substr(OLD.attributes, 2) AS INTEGER);
END;

CREATE TABLE rollup_groups (
  row INTEGER PRIMARY KEY,
  family TEXT NOT NULL,
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  release TEXT NOT NULL,
  environment TEXT NOT NULL,
  task_type TEXT NOT NULL,
  model TEXT NOT NULL,
  tool TEXT NOT NULL,
  UNIQUE (family, source, agent, release, environment, task_type, model, tool)
) STRICT;

CREATE TABLE rollups (
  group_row INTEGER NOT NULL REFERENCES rollup_groups (row),
  tier INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (group_row, tier, at_ms, shard)
) STRICT, WITHOUT ROWID;
`
