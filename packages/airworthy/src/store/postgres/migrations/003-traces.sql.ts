/** Spans, imported runs and cosignatures; the SQLite migrations of these names say what they are. */
export const tracesMigration = `
CREATE TABLE imports (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file text NOT NULL,
  file_digest text NOT NULL,
  format text NOT NULL,
  entry_id text NOT NULL UNIQUE,
  at_ms bigint NOT NULL
);

CREATE TABLE imported_tasks (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  import_row bigint NOT NULL REFERENCES imports (row),
  name text NOT NULL,
  format text NOT NULL,
  agent text,
  model text,
  principal text,
  messages text NOT NULL,
  outcome text,
  trace_id text NOT NULL
);
CREATE INDEX imported_tasks_by_import ON imported_tasks (import_row);

CREATE TABLE imported_actions (
  task_row bigint NOT NULL REFERENCES imported_tasks (row) ON DELETE CASCADE,
  n bigint NOT NULL CHECK (n >= 0),
  tool text NOT NULL,
  arguments text NOT NULL,
  after_messages bigint NOT NULL CHECK (after_messages >= 0),
  result text,
  error text,
  auth_checks text,
  span_id text,
  PRIMARY KEY (task_row, n)
);

CREATE TABLE spans (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trace_id text NOT NULL CHECK (length(trace_id) = 32),
  span_id text NOT NULL CHECK (length(span_id) = 16),
  parent_span_id text,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('unspecified', 'internal', 'server', 'client', 'producer', 'consumer')),
  start_ns numeric(20, 0),
  end_ns numeric(20, 0),
  status text NOT NULL CHECK (status IN ('unset', 'ok', 'error')),
  status_message text,
  attributes text NOT NULL,
  resource text NOT NULL,
  source text NOT NULL CHECK (source IN ('kit', 'otlp', 'import')),
  import_row bigint REFERENCES imports (row),
  UNIQUE (trace_id, span_id),
  CHECK (source <> 'import' OR import_row IS NOT NULL)
);
CREATE INDEX spans_by_start ON spans (start_ns) WHERE start_ns IS NOT NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_cosignatures FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION keep_cosignature(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_cosignatures (size, witness, line) VALUES ((p->>'size')::bigint, p->>'witness', p->>'line')
  ON CONFLICT DO NOTHING;
  RETURN 'true';
END $$;

CREATE FUNCTION lock_imports(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(727273);
  RETURN 'true';
END $$;

CREATE FUNCTION count_known(p jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'runs', coalesce((SELECT jsonb_agg(id) FROM imported_tasks WHERE id IN (SELECT jsonb_array_elements_text(p->'runs'))), '[]'),
    'spans', coalesce((SELECT jsonb_agg(trace_id || ':' || span_id) FROM spans WHERE (trace_id, span_id) IN
      (SELECT s->>0, s->>1 FROM jsonb_array_elements(p->'spans') AS s)), '[]'))
$$;
`
