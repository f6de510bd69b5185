/**
 * The two plain acts once more, for several calls at a time: what comes while one act is under way goes together, in one statement and
 * under one commit. Most of what a small act costs is its start, its reply and its commit, and little of it its rows.
 *
 * Each call is still committed or not by itself: what is not plain is left out, and answered by the full act; alone in its own
 * transaction, or, where there was only one, in this one. A task that comes twice is changed once, so the second is left out as well.
 *
 * Tasks are locked in the order in which they are given, which is that of their ids, so that two such acts never wait for each other.
 * For that, and because of tables that grow faster than their statistics, rows are found by their indexes alone.
 */

const entryAttributes = `entry text, entry_ms bigint, body text, leaf_hash bytea, names text[], salts bytea[], contents text[]`

/** Entries, their bodies and what their tasks learn, of the rows of the CTE `ready`; each knows the row of its entry. */
const writesEntries = `
  written AS (
    INSERT INTO audit_entries (rowid, id, time_ms, task, body, leaf_hash)
    SELECT r.entry_row, r.entry, r.entry_ms, r.task, r.body, r.leaf_hash FROM ready r),
  kept AS (
    INSERT INTO audit_bodies (entry_rowid, name, salt, content)
    SELECT r.entry_row, b.name, b.salt, b.content FROM ready r, unnest(r.names, r.salts, r.contents) AS b (name, salt, content)),
  queued AS (INSERT INTO audit_pending (entry_rowid) SELECT r.entry_row FROM ready r),
  learned AS (
    INSERT INTO facts (task_row, n, body)
    SELECT r.of_task, r.fact_count - cardinality(r.facts) + f.n, f.body
    FROM ready r, unnest(r.facts) WITH ORDINALITY AS f (body, n))`

/** By its place among those that were given, each that was committed with its task's numbers. As text: a jsonb costs more to build. */
const answers = `
  SELECT coalesce('[' || string_agg('[' || r.place || ',' || r.calls || ',' || r.spent || ',' || r.fact_count || ']', ',') || ']', '[]'),
    count(*) INTO answer, ready_count FROM ready r;`

const counted = `unnest(places, of_tasks, calls, costs, fact_counts) AS c (place, of_task, calls, spent, fact_count)`

const declared = `
  places bigint[];
  of_tasks bigint[];
  calls bigint[];
  costs bigint[];
  fact_counts bigint[];
  answer text := '[]';
  ready_count bigint := 0;`

const byIndex = `SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan`

const entryJson = `'entry', jsonb_build_object('id', i.entry, 'time_ms', i.entry_ms, 'task', i.task, 'text', i.body,
      'leaf_hash', encode(i.leaf_hash, 'hex'), 'bodies', coalesce((
        SELECT jsonb_agg(jsonb_build_object('name', b.name, 'salt', encode(b.salt, 'hex'), 'content', b.content))
        FROM unnest(i.names, i.salts, i.contents) AS b (name, salt, content)), '[]'))`

export const gatheredActsMigration = `
CREATE TYPE plain_intent AS (task text, environment text, release text, enforced boolean, action text, tool text, effect text,
  arguments_digest text, definition_digest text, idempotency_key text, reasons text, cost bigint, owner text, doubt_ms bigint,
  at_ms bigint, last_fact bigint, seen_calls bigint, seen_cost bigint, calls_max bigint, cost_max bigint, worked_ms_max bigint,
  facts text[], ${entryAttributes});

CREATE TYPE plain_settlement AS (task text, action text, state text, error text, at_ms bigint, reasons text, last_fact bigint,
  cost bigint, facts text[], ${entryAttributes});

CREATE FUNCTION intend_plainly(p_agent text, p_intents plain_intent[]) RETURNS text LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  is_locked boolean;
  i plain_intent;${declared}
BEGIN
  -- An expression, which costs far less than a statement.
  is_locked := pg_advisory_xact_lock_shared(727272, hashtext(p_agent)) IS NOT NULL;
  WITH counted AS (
    UPDATE tasks t SET tool_calls = t.tool_calls + 1, cost_usd_micros = t.cost_usd_micros + g.cost,
      last_fact = t.last_fact + cardinality(g.facts)
    FROM unnest(p_intents) WITH ORDINALITY AS g
    WHERE t.id = g.task AND CASE
      WHEN t.closed_ms IS NOT NULL OR t.last_fact > g.last_fact OR t.tool_calls <> g.seen_calls OR t.cost_usd_micros <> g.seen_cost
        OR t.tool_calls >= g.calls_max OR t.cost_usd_micros + g.cost > g.cost_max
        OR g.at_ms - t.created_ms - t.waited_ms > g.worked_ms_max THEN false
      ELSE true END
    RETURNING g.ordinality, t.row, t.tool_calls, t.cost_usd_micros, t.last_fact)
  SELECT array_agg(c.ordinality), array_agg(c.row), array_agg(c.tool_calls), array_agg(c.cost_usd_micros), array_agg(c.last_fact)
  INTO places, of_tasks, calls, costs, fact_counts FROM counted c;
  IF places IS NOT NULL THEN
    WITH ready AS MATERIALIZED (
      SELECT c.*, g.*, nextval('audit_entries_rowid_seq') AS entry_row
      FROM ${counted} JOIN unnest(p_intents) WITH ORDINALITY AS g ON g.ordinality = c.place
      WHERE NOT EXISTS (SELECT FROM kills k WHERE k.agent = p_agent AND k.tool IN ('*', g.tool))
        AND (NOT g.enforced OR EXISTS (
          SELECT FROM environments e WHERE e.agent = p_agent AND e.name = g.environment AND e.release = g.release))
        AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = c.of_task AND a.idempotency_key = g.idempotency_key)
        AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = c.of_task AND a.tool = g.tool
          AND a.arguments_digest = g.arguments_digest AND a.approval_id IS NOT NULL AND a.collected_ms IS NULL)
        AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = c.of_task AND a.tool = g.tool
          AND a.arguments_digest = g.arguments_digest AND a.state = 'ambiguous')), ${writesEntries},
    made AS (
      INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, idempotency_key, reasons,
        cost_usd_micros, owner, doubt_ms, created_ms, intended_ms, arguments_entry)
      SELECT r.action, r.of_task, r.tool, r.effect, 'intended', r.arguments_digest, r.definition_digest, r.idempotency_key,
        r.reasons, r.cost, r.owner, r.doubt_ms, r.at_ms, r.at_ms, r.entry FROM ready r)
    ${answers}
    IF ready_count < cardinality(places) THEN
      UPDATE tasks t SET tool_calls = t.tool_calls - 1, cost_usd_micros = t.cost_usd_micros - g.cost,
        last_fact = t.last_fact - cardinality(g.facts)
      FROM ${counted} JOIN unnest(p_intents) WITH ORDINALITY AS g ON g.ordinality = c.place
      WHERE t.row = c.of_task AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.id = g.entry);
    END IF;
  END IF;
  IF ready_count > 0 OR cardinality(p_intents) <> 1 THEN
    RETURN answer;
  END IF;
  i := p_intents[1];
  RETURN intend(jsonb_strip_nulls(jsonb_build_object(
    'agent', p_agent, 'environment', i.environment, 'release', i.release, 'enforced', i.enforced, 'task', i.task,
    'action', i.action, 'tool', i.tool, 'effect', i.effect, 'argumentsDigest', i.arguments_digest,
    'definitionDigest', i.definition_digest, 'idempotencyKey', i.idempotency_key, 'reasons', i.reasons,
    'costUsdMicros', i.cost, 'owner', i.owner, 'doubtMs', i.doubt_ms, 'atMs', i.at_ms, 'lastFact', i.last_fact,
    'seen', CASE WHEN i.seen_calls IS NOT NULL THEN jsonb_build_object('toolCalls', i.seen_calls, 'costUsdMicros', i.seen_cost) END,
    'limits', jsonb_build_object('toolCalls', i.calls_max, 'costUsdMicros', i.cost_max, 'workedMs', i.worked_ms_max),
    'facts', to_jsonb(i.facts), ${entryJson})))::text;
END $$;

CREATE FUNCTION settle_plainly(p_settlements plain_settlement[]) RETURNS text LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  i plain_settlement;${declared}
BEGIN
  WITH counted AS (
    UPDATE tasks t SET last_fact = t.last_fact + cardinality(g.facts) FROM unnest(p_settlements) WITH ORDINALITY AS g
    WHERE t.id = g.task AND CASE WHEN t.last_fact > g.last_fact THEN false ELSE true END
    RETURNING g.ordinality, t.row, t.tool_calls, t.cost_usd_micros, t.last_fact)
  SELECT array_agg(c.ordinality), array_agg(c.row), array_agg(c.tool_calls), array_agg(c.cost_usd_micros), array_agg(c.last_fact)
  INTO places, of_tasks, calls, costs, fact_counts FROM counted c;
  IF places IS NOT NULL THEN
    -- An action that spent all that was reserved for it; where something returns to the task, it is not plain.
    WITH ready AS (
      UPDATE actions a SET state = g.state, error = g.error, settled_ms = g.at_ms, result_entry = g.entry,
        reasons = CASE WHEN g.reasons = '[]' THEN a.reasons ELSE g.reasons END
      FROM ${counted} JOIN unnest(p_settlements) WITH ORDINALITY AS g ON g.ordinality = c.place
      WHERE a.id = g.action AND CASE
        WHEN a.task_row = c.of_task AND a.state = 'intended' THEN g.state = 'ambiguous' OR a.cost_usd_micros <= g.cost
        ELSE false END
      RETURNING c.*, g.task, g.facts, g.entry, g.entry_ms, g.body, g.leaf_hash, g.names, g.salts, g.contents,
        nextval('audit_entries_rowid_seq') AS entry_row), ${writesEntries}
    ${answers}
    IF ready_count < cardinality(places) THEN
      UPDATE tasks t SET last_fact = t.last_fact - cardinality(g.facts)
      FROM ${counted} JOIN unnest(p_settlements) WITH ORDINALITY AS g ON g.ordinality = c.place
      WHERE t.row = c.of_task AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.id = g.entry);
    END IF;
  END IF;
  IF ready_count > 0 OR cardinality(p_settlements) <> 1 THEN
    RETURN answer;
  END IF;
  i := p_settlements[1];
  RETURN settle(jsonb_strip_nulls(jsonb_build_object('action', i.action, 'state', i.state, 'error', i.error, 'atMs', i.at_ms,
    'reasons', i.reasons, 'lastFact', i.last_fact, 'costUsdMicros', i.cost, 'facts', to_jsonb(i.facts), ${entryJson})))::text;
END $$;

DROP FUNCTION intend_plainly(text, text, text, boolean, text, text, text, text, text, text, text, text, bigint, text, bigint, bigint,
  bigint, bigint, bigint, bigint, bigint, bigint, text[], text, bigint, text, bytea, text[], bytea[], text[]);
DROP FUNCTION settle_plainly(text, text, text, text, bigint, text, bigint, bigint, text[], text, bigint, text, bytea, text[], bytea[],
  text[]);
`
