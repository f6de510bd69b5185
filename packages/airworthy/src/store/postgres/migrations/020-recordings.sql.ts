/** What passed between an agent and the kit in tasks that are no trials, piece by piece. It can be deleted. */
export const recordingsMigration = `
CREATE TABLE recorded_parts (
  task text NOT NULL,
  part text NOT NULL,
  begun bigint NOT NULL,
  is_open bigint NOT NULL,
  at_ms bigint NOT NULL,
  bytes bigint NOT NULL,
  is_wanted bigint NOT NULL,
  has_failed bigint NOT NULL,
  about text NOT NULL,
  PRIMARY KEY (task, part)
);
CREATE INDEX recorded_parts_by_age ON recorded_parts (at_ms);

CREATE TABLE recorded_pieces (
  task text NOT NULL,
  part text NOT NULL,
  n bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (task, part, n)
);

CREATE FUNCTION keep_recording(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recorded_parts (task, part, begun, is_open, at_ms, bytes, is_wanted, has_failed, about)
  SELECT r->>'task', r->>'part', (r->>'begun')::bigint, (r->>'isOpen')::boolean::int, (r->>'atMs')::bigint, (r->>'bytes')::bigint,
    (r->>'isWanted')::boolean::int, (r->>'hasFailed')::boolean::int, r->>'about'
  FROM jsonb_array_elements(p->'parts') AS r ORDER BY r->>'task', r->>'part'
  ON CONFLICT (task, part) DO UPDATE SET begun = excluded.begun, is_open = excluded.is_open, at_ms = excluded.at_ms,
    bytes = excluded.bytes, is_wanted = excluded.is_wanted, has_failed = excluded.has_failed, about = excluded.about;
  INSERT INTO recorded_pieces (task, part, n, body)
  SELECT r->>'task', r->>'part', (r->>'n')::bigint, decode(r->>'body', 'base64') FROM jsonb_array_elements(p->'pieces') AS r
  ON CONFLICT DO NOTHING;
  RETURN 'true';
END $$;

CREATE FUNCTION task_has_failed(of text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM recorded_parts r WHERE r.task = of AND r.has_failed = 1)
    OR EXISTS (SELECT FROM tasks t WHERE t.id = of AND (
      EXISTS (SELECT FROM actions a WHERE a.task_row = t.row AND a.state IN ('failed', 'ambiguous'))
      OR EXISTS (SELECT FROM model_calls m WHERE m.task_row = t.row AND m.state IN ('failed', 'lost'))
      OR EXISTS (SELECT FROM task_exhaustions e WHERE e.task_row = t.row)))
$$;

CREATE FUNCTION list_recordings(p jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(id ORDER BY row DESC), '[]') FROM (
    SELECT t.id, t.row FROM tasks t
    WHERE t.release = p->>'release' AND t.environment = p->>'environment' AND t.closed_ms IS NOT NULL AND t.probe = 0
      AND EXISTS (SELECT FROM recorded_parts r WHERE r.task = t.id)
      AND (NOT (p->>'hasFailed')::boolean OR task_has_failed(t.id))
    ORDER BY t.row DESC LIMIT (p->>'limit')::bigint) newest
$$;

CREATE FUNCTION expire_recordings(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  gone text[];
  too_many bigint;
BEGIN
  DELETE FROM cassettes c WHERE c.task IN (
    SELECT o.task FROM cassettes o WHERE o.at_ms < (p->>'keptBeforeMs')::bigint ORDER BY o.task LIMIT (p->>'limit')::bigint FOR UPDATE SKIP LOCKED);
  WITH known AS (
    SELECT r.task, max(r.at_ms) AS at_ms, max(r.is_wanted) AS is_wanted FROM recorded_parts r GROUP BY r.task
  ), old AS (
    SELECT k.task, k.at_ms FROM known k LEFT JOIN tasks t ON t.id = k.task
    WHERE k.at_ms < (p->>'keptBeforeMs')::bigint
      OR ((k.at_ms < (p->>'beforeMs')::bigint OR (k.is_wanted = 0 AND t.closed_ms < (p->>'decidedBeforeMs')::bigint
        AND k.at_ms < (p->>'decidedBeforeMs')::bigint)) AND NOT task_has_failed(k.task))
  )
  SELECT array_agg(o.task) INTO gone FROM (SELECT * FROM old ORDER BY at_ms, task LIMIT (p->>'limit')::bigint) o;
  SELECT coalesce(sum(bytes), 0) - (p->>'bytesMax')::bigint INTO too_many FROM recorded_parts WHERE gone IS NULL OR task <> ALL (gone);
  IF too_many > 0 THEN
    SELECT gone || array_agg(o.task) INTO gone FROM (
      SELECT k.task, k.bytes, sum(k.bytes) OVER (ORDER BY k.failed, k.at_ms, k.task) AS reached FROM (
        SELECT r.task, sum(r.bytes) AS bytes, max(r.at_ms) AS at_ms, task_has_failed(r.task) AS failed
        FROM recorded_parts r WHERE gone IS NULL OR r.task <> ALL (gone) GROUP BY r.task) k
      ORDER BY k.failed, k.at_ms, k.task LIMIT (p->>'limit')::bigint) o
    WHERE o.reached - o.bytes < too_many;
  END IF;
  DELETE FROM recorded_pieces WHERE task = ANY (gone);
  DELETE FROM recorded_parts WHERE task = ANY (gone);
  RETURN jsonb_build_object('deleted', coalesce(cardinality(gone), 0), 'bytes', (SELECT coalesce(sum(bytes), 0) FROM recorded_parts));
END $$;

CREATE FUNCTION forget_recording(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  had_any boolean;
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  DELETE FROM cassettes WHERE task = p->>'task';
  had_any := FOUND;
  DELETE FROM recorded_pieces WHERE task = p->>'task';
  DELETE FROM recorded_parts WHERE task = p->>'task';
  had_any := had_any OR FOUND;
  IF had_any THEN
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN to_jsonb(had_any);
END $$;
`
