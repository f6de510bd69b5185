/** Spans that were received; the SQLite migration of this name says what the columns are. */
export const receivedSpansMigration = `
ALTER TABLE spans ADD COLUMN details text;
ALTER TABLE spans ADD COLUMN agent text;
ALTER TABLE spans ADD COLUMN received_ms bigint;

/* A batch of what came over OTLP, sorted by its identity: two gateways that get the same spans wait for each other in one order. */
CREATE FUNCTION keep_spans(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  kept bigint;
BEGIN
  INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
    resource, details, source, agent, received_ms)
  SELECT s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, s->>11, 'otlp',
    p->>'agent', (p->>'atMs')::bigint
  FROM jsonb_array_elements(p->'spans') WITH ORDINALITY AS a (s, n) ORDER BY n
  ON CONFLICT (trace_id, span_id) DO NOTHING;
  GET DIAGNOSTICS kept = ROW_COUNT;
  RETURN to_jsonb(kept);
END $$;

/* One file of runs, whole or not at all. Called under the lock of imports, with what count_known said was new. */
CREATE FUNCTION import_runs(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  made bigint;
  task bigint;
  run jsonb;
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  INSERT INTO imports (file, file_digest, format, entry_id, at_ms)
  VALUES (p->>'file', p->>'fileDigest', p->>'format', p->'entry'->>'id', (p->>'atMs')::bigint) RETURNING row INTO made;
  FOR run IN SELECT value FROM jsonb_array_elements(p->'runs') LOOP
    INSERT INTO imported_tasks (id, import_row, name, format, agent, model, principal, messages, outcome, trace_id)
    VALUES (run->'task'->>0, made, run->'task'->>1, run->'task'->>2, run->'task'->>3, run->'task'->>4, run->'task'->>5,
      run->'task'->>6, run->'task'->>7, run->'task'->>8)
    RETURNING row INTO task;
    INSERT INTO imported_actions (task_row, n, tool, arguments, after_messages, result, error, auth_checks, span_id)
    SELECT task, (c->>0)::bigint, c->>1, c->>2, (c->>3)::bigint, c->>4, c->>5, c->>6, c->>7
    FROM jsonb_array_elements(run->'calls') AS c;
  END LOOP;
  INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
    resource, details, source, import_row, received_ms)
  SELECT s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, s->>11, 'import',
    made, (p->>'atMs')::bigint
  FROM jsonb_array_elements(p->'spans') AS s;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;
`
