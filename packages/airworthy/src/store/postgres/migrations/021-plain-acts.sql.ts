/**
 * The two acts of a governed call once more, for the call that nothing stands in the way of: typed values in place of one JSON, and as
 * few statements as can be. They decide nothing that `intend` and `settle` do not: what is not plain is put back as it was and handed
 * to those two, in the same transaction.
 *
 * The locks are the same, in the same order: the agent, then the task, whose row is changed at once in place of being locked first.
 * A row is found by its id and then judged in a CASE: of a table that grows faster than its statistics, the planner would take a smaller
 * index that the judgement fits. Each statement sees what was committed before it began, so what an intent must know of other actions,
 * kills and releases is read by the statement after that.
 */

/** The entry's row and its first body; there is seldom another. @param only  whose rows, one or none, allow it. */
const writesEntry = (only: string): string => `
  written AS (
    INSERT INTO audit_entries (id, time_ms, task, body, leaf_hash)
    SELECT p_entry, p_entry_ms, p_task, p_text, p_leaf_hash ${only} RETURNING rowid),
  kept AS (
    INSERT INTO audit_bodies (entry_rowid, name, salt, content)
    SELECT rowid, p_names[1], p_salts[1], p_contents[1] FROM written WHERE cardinality(p_names) > 0)`

/** Facts have numbers of their own in each task; those of this act are the last ones, and `fact_count` the number of the last. */
const writesFact = `
  learned AS (
    INSERT INTO facts (task_row, n, body)
    SELECT of_task, fact_count - cardinality(p_facts) + 1, p_facts[1] FROM written WHERE cardinality(p_facts) > 0)`

/** What the statement before has left to write. */
const writesMore = `
    IF cardinality(p_names) > 1 THEN
      INSERT INTO audit_bodies (entry_rowid, name, salt, content)
      SELECT e.rowid, p_names[n], p_salts[n], p_contents[n]
      FROM audit_entries e, generate_series(2, cardinality(p_names)) AS n WHERE e.id = p_entry;
    END IF;
    IF cardinality(p_facts) > 1 THEN
      INSERT INTO facts (task_row, n, body)
      SELECT of_task, fact_count - cardinality(p_facts) + n, p_facts[n] FROM generate_series(2, cardinality(p_facts)) AS n;
    END IF;`

const entryParameters = `p_entry text, p_entry_ms bigint, p_text text, p_leaf_hash bytea, p_names text[], p_salts bytea[],
  p_contents text[]`

const entryJson = `'entry', jsonb_build_object('id', p_entry, 'time_ms', p_entry_ms, 'task', p_task, 'text', p_text,
      'leaf_hash', encode(p_leaf_hash, 'hex'), 'bodies', coalesce((
        SELECT jsonb_agg(jsonb_build_object('name', b.name, 'salt', encode(b.salt, 'hex'), 'content', b.content))
        FROM unnest(p_names, p_salts, p_contents) AS b (name, salt, content)), '[]'))`

/** The answer as text: building a jsonb of it costs more than all that it holds. */
const answer = (
  kind: string,
): string => `'{"kind":"${kind}","task":{"counters":{"toolCalls":' || calls || ',"costUsdMicros":' || cost
        || '},"lastFact":' || fact_count || '}}'`

export const plainActsMigration = `
/*
 * Each index of a table, and the condition of each that has one, is prepared anew by each statement that writes to it. So those of what is
 * not at its end become one; and nobody looks for an action by its approval.
 */
DROP INDEX actions_by_approval, actions_held, actions_intended, actions_ambiguous;
CREATE INDEX actions_open ON actions (state, task_row) WHERE state IN ('held', 'intended', 'ambiguous');

CREATE FUNCTION intend_plainly(p_agent text, p_environment text, p_release text, p_enforced boolean, p_task text, p_action text,
  p_tool text, p_effect text, p_arguments_digest text, p_definition_digest text, p_idempotency_key text, p_reasons text,
  p_cost bigint, p_owner text, p_doubt_ms bigint, p_at_ms bigint, p_last_fact bigint, p_seen_calls bigint, p_seen_cost bigint,
  p_calls_max bigint, p_cost_max bigint, p_worked_ms_max bigint, p_facts text[], ${entryParameters})
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  is_locked boolean;
  of_task bigint;
  calls bigint;
  cost bigint;
  fact_count bigint;
BEGIN
  -- An expression, which costs far less than a statement.
  is_locked := pg_advisory_xact_lock_shared(727272, hashtext(p_agent)) IS NOT NULL;
  UPDATE tasks t SET tool_calls = t.tool_calls + 1, cost_usd_micros = t.cost_usd_micros + p_cost,
    last_fact = t.last_fact + cardinality(p_facts)
  WHERE t.id = p_task AND CASE
    WHEN t.closed_ms IS NOT NULL OR t.last_fact > p_last_fact OR t.tool_calls <> p_seen_calls OR t.cost_usd_micros <> p_seen_cost
      OR t.tool_calls >= p_calls_max OR t.cost_usd_micros + p_cost > p_cost_max
      OR p_at_ms - t.created_ms - t.waited_ms > p_worked_ms_max THEN false
    ELSE true END
  RETURNING t.row, t.tool_calls, t.cost_usd_micros, t.last_fact INTO of_task, calls, cost, fact_count;
  IF FOUND THEN
    WITH ${writesEntry(`
    WHERE NOT EXISTS (SELECT FROM kills k WHERE k.agent = p_agent AND k.tool IN ('*', p_tool))
      AND (NOT p_enforced OR EXISTS (
        SELECT FROM environments e WHERE e.agent = p_agent AND e.name = p_environment AND e.release = p_release))
      AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = of_task AND a.idempotency_key = p_idempotency_key)
      AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = of_task AND a.tool = p_tool
        AND a.arguments_digest = p_arguments_digest AND a.approval_id IS NOT NULL AND a.collected_ms IS NULL)
      AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = of_task AND a.tool = p_tool
        AND a.arguments_digest = p_arguments_digest AND a.state = 'ambiguous')`)},
    queued AS (INSERT INTO audit_pending (entry_rowid) SELECT rowid FROM written), ${writesFact}
    INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, idempotency_key, reasons,
      cost_usd_micros, owner, doubt_ms, created_ms, intended_ms, arguments_entry)
    SELECT p_action, of_task, p_tool, p_effect, 'intended', p_arguments_digest, p_definition_digest, p_idempotency_key, p_reasons,
      p_cost, p_owner, p_doubt_ms, p_at_ms, p_at_ms, p_entry FROM written;
    IF FOUND THEN
      ${writesMore}
      RETURN ${answer('committed')};
    END IF;
    UPDATE tasks t SET tool_calls = t.tool_calls - 1, cost_usd_micros = t.cost_usd_micros - p_cost,
      last_fact = t.last_fact - cardinality(p_facts) WHERE t.row = of_task;
  END IF;
  RETURN intend(jsonb_strip_nulls(jsonb_build_object(
    'agent', p_agent, 'environment', p_environment, 'release', p_release, 'enforced', p_enforced, 'task', p_task,
    'action', p_action, 'tool', p_tool, 'effect', p_effect, 'argumentsDigest', p_arguments_digest,
    'definitionDigest', p_definition_digest, 'idempotencyKey', p_idempotency_key, 'reasons', p_reasons,
    'costUsdMicros', p_cost, 'owner', p_owner, 'doubtMs', p_doubt_ms, 'atMs', p_at_ms, 'lastFact', p_last_fact,
    'seen', CASE WHEN p_seen_calls IS NOT NULL THEN jsonb_build_object('toolCalls', p_seen_calls, 'costUsdMicros', p_seen_cost) END,
    'limits', jsonb_build_object('toolCalls', p_calls_max, 'costUsdMicros', p_cost_max, 'workedMs', p_worked_ms_max),
    'facts', to_jsonb(p_facts), ${entryJson})))::text;
END $$;

CREATE FUNCTION settle_plainly(p_task text, p_action text, p_state text, p_error text, p_at_ms bigint, p_reasons text,
  p_last_fact bigint, p_cost bigint, p_facts text[], ${entryParameters})
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  of_task bigint;
  calls bigint;
  cost bigint;
  fact_count bigint;
BEGIN
  UPDATE tasks t SET last_fact = t.last_fact + cardinality(p_facts)
  WHERE t.id = p_task AND CASE WHEN t.last_fact > p_last_fact THEN false ELSE true END
  RETURNING t.row, t.tool_calls, t.cost_usd_micros, t.last_fact INTO of_task, calls, cost, fact_count;
  IF FOUND THEN
    -- An action that spent all that was reserved for it; where something returns to the task, it is not plain.
    WITH settled AS (
      UPDATE actions a SET state = p_state, error = p_error, settled_ms = p_at_ms, result_entry = p_entry,
        reasons = CASE WHEN p_reasons = '[]' THEN a.reasons ELSE p_reasons END
      WHERE a.id = p_action AND CASE
        WHEN a.task_row = of_task AND a.state = 'intended' THEN p_state = 'ambiguous' OR a.cost_usd_micros <= p_cost
        ELSE false END
      RETURNING a.row), ${writesEntry('FROM settled')}, ${writesFact}
    INSERT INTO audit_pending (entry_rowid) SELECT rowid FROM written;
    IF FOUND THEN
      ${writesMore}
      RETURN ${answer('settled')};
    END IF;
    UPDATE tasks t SET last_fact = t.last_fact - cardinality(p_facts) WHERE t.row = of_task;
  END IF;
  RETURN settle(jsonb_strip_nulls(jsonb_build_object('action', p_action, 'state', p_state, 'error', p_error, 'atMs', p_at_ms,
    'reasons', p_reasons, 'lastFact', p_last_fact, 'costUsdMicros', p_cost, 'facts', to_jsonb(p_facts), ${entryJson})))::text;
END $$;

/*
 * Which of these spans were new, by their places in the list. Mostly all of them: then none is looked for first, and what is refused as
 * a whole is tried again one by one.
 */
CREATE OR REPLACE FUNCTION keep_spans(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  kept jsonb;
BEGIN
  BEGIN
    INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
      resource, details, reading, source, agent, received_ms)
    SELECT s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, s->>11, s->>12,
      p->>'source', p->>'agent', (s->>13)::bigint
    FROM jsonb_array_elements(p->'spans') AS s;
    RETURN (SELECT coalesce(jsonb_agg(n), '[]') FROM generate_series(0, jsonb_array_length(p->'spans') - 1) AS n);
  EXCEPTION WHEN unique_violation THEN
    NULL;
  END;
  WITH given AS (
    SELECT s, n - 1 AS place FROM jsonb_array_elements(p->'spans') WITH ORDINALITY AS a (s, n)
  ), made AS (
    INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
      resource, details, reading, source, agent, received_ms)
    SELECT s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, s->>11, s->>12,
      p->>'source', p->>'agent', (s->>13)::bigint
    FROM given ORDER BY place
    ON CONFLICT (trace_id, span_id) DO NOTHING RETURNING trace_id, span_id
  )
  SELECT coalesce(jsonb_agg(g.place), '[]') INTO kept FROM given g JOIN made m ON m.trace_id = g.s->>0 AND m.span_id = g.s->>1;
  RETURN kept;
END $$;

CREATE OR REPLACE FUNCTION open_task(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  made jsonb := p->'task';
  entry jsonb := p->'entry';
BEGIN
  IF is_done(entry) THEN
    RETURN 'true';
  END IF;
  WITH task AS (
    INSERT INTO tasks (id, project, agent, release, environment, principal, trace_id, token_hash, resume_url, probe, created_ms,
      type, parent_span_id, trace_state, last_fact, cheaper)
    VALUES (made->>'id', made->>'project', made->>'agent', made->>'release', made->>'environment', made->>'principal',
      made->>'traceId', p->>'tokenHash', made->>'resumeUrl', (made->>'probe')::integer, (made->>'createdMs')::bigint,
      made->>'type', made->>'parentSpanId', made->>'traceState', jsonb_array_length(p->'facts'),
      CASE WHEN (made->>'cheaper')::boolean THEN 1 ELSE 0 END)
    RETURNING row),
  learned AS (
    INSERT INTO facts (task_row, n, body)
    SELECT task.row, f.ordinality, f.value FROM task, jsonb_array_elements_text(p->'facts') WITH ORDINALITY AS f),
  written AS (
    INSERT INTO audit_entries (id, time_ms, task, body, leaf_hash)
    VALUES (entry->>'id', (entry->>'time_ms')::bigint, entry->>'task', entry->>'text', decode(entry->>'leaf_hash', 'hex'))
    RETURNING rowid),
  kept AS (
    INSERT INTO audit_bodies (entry_rowid, name, salt, content)
    SELECT rowid, b->>'name', decode(b->>'salt', 'hex'), b->>'content' FROM written, jsonb_array_elements(entry->'bodies') AS b)
  INSERT INTO audit_pending (entry_rowid) SELECT rowid FROM written;
  RETURN 'true';
END $$;
`
