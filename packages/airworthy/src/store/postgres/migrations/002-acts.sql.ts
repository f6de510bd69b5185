/**
 * Each atomic act is one function: one call, one round trip, all of it or nothing. A value comes in as JSON and goes out as JSON.
 *
 * Locks, always in this order: the agent (shared by what acts, alone by what stops or repoints it), the task, then rows of its
 * actions. So a kill waits for acts that began before it, and none that begins after it commits. Whoever changes the state of an
 * action holds its task. A statement sees what was committed before it began: what must be true is read behind the locks.
 *
 * An act that comes again after its reply was lost (a cut connection) finds its own entry and answers as the first time.
 *
 * A small statement costs mostly its start, and a function in SQL is planned anew at each call. So the acts of a governed call are
 * plpgsql with three statements: one locks, one looks, one writes.
 */

/** Writes the act's entry: parts of the `WITH` of the statement that writes what the entry is about. */
const writesEntry = `
  written AS (
    INSERT INTO audit_entries (id, time_ms, task, body, leaf_hash)
    VALUES (p->'entry'->>'id', (p->'entry'->>'time_ms')::bigint, p->'entry'->>'task', p->'entry'->>'text',
      decode(p->'entry'->>'leaf_hash', 'hex'))
    RETURNING rowid),
  queued AS (INSERT INTO audit_pending (entry_rowid) SELECT rowid FROM written),
  kept AS (
    INSERT INTO audit_bodies (entry_rowid, name, salt, content)
    SELECT rowid, b->>'name', decode(b->>'salt', 'hex'), b->>'content'
    FROM written, jsonb_array_elements(p->'entry'->'bodies') AS b)`

/** Appends what the task `t` learns, likewise. */
const writesFacts = `
  learned AS (
    INSERT INTO facts (task_row, n, body)
    SELECT t.row, t.last_fact + f.ordinality, f.value FROM jsonb_array_elements_text(p->'facts') WITH ORDINALITY AS f)`

/** A new row of the ledger, likewise. */
const writesAction = (state: 'intended' | 'held' | 'denied'): string => `
  made AS (
    INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, idempotency_key, approval_id,
      reasons, cost_usd_micros, owner, doubt_ms, created_ms, intended_ms, arguments_entry)
    VALUES (p->>'action', t.row, p->>'tool', p->>'effect', '${state}', p->>'argumentsDigest', p->>'definitionDigest',
      p->>'idempotencyKey', ${state === 'held' ? "p->'approval'->>'id'" : 'NULL'}, p->>'reasons',
      coalesce((p->>'costUsdMicros')::bigint, 0), p->>'owner', (p->>'doubtMs')::bigint, (p->>'atMs')::bigint,
      ${state === 'intended' ? "(p->>'atMs')::bigint" : 'NULL'}, p->'entry'->>'id'))`

/** The action that a call may be another attempt at; NULL: none. */
const earlierRow = `coalesce(
      (SELECT a.row FROM actions a WHERE a.task_row = t.row AND a.idempotency_key = p->>'idempotencyKey'),
      (SELECT a.row FROM actions a WHERE p->>'idempotencyKey' IS NULL AND a.task_row = t.row AND a.tool = p->>'tool'
        AND a.arguments_digest = p->>'argumentsDigest' AND a.approval_id IS NOT NULL AND a.collected_ms IS NULL
        AND a.idempotency_key IS NULL ORDER BY a.row DESC LIMIT 1),
      (SELECT a.row FROM actions a WHERE a.state = 'ambiguous' AND a.task_row = t.row AND a.tool = p->>'tool'
        AND a.arguments_digest = p->>'argumentsDigest' LIMIT 1))`

/** Behind the locks: is this act on record, what stops the agent, what is released, what is this call an attempt at. */
const looks = `
  SELECT EXISTS (SELECT FROM audit_entries e WHERE e.id = p->'entry'->>'id'),
    (SELECT to_jsonb(k) FROM kills k WHERE k.agent = p->>'agent' AND k.tool IN ('*', p->>'tool') LIMIT 1),
    (SELECT e.release FROM environments e WHERE e.agent = p->>'agent' AND e.name = p->>'environment'),
    ${earlierRow}
  INTO done, stopped, released, earlier_row;`

export const actsMigration = `
CREATE FUNCTION lock_agent(agent text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(727272, hashtext(agent))
$$;

CREATE FUNCTION append_entry(entry jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p jsonb := jsonb_build_object('entry', entry);
BEGIN
  WITH ${writesEntry} SELECT INTO p;
END $$;

CREATE FUNCTION is_done(entry jsonb) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM audit_entries WHERE id = entry->>'id');
END $$;

/* A task's numbers after an act. */
CREATE FUNCTION task_after(t tasks, calls bigint, cost bigint, learned bigint) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_build_object(
    'counters', jsonb_build_object('toolCalls', t.tool_calls + calls, 'costUsdMicros', t.cost_usd_micros + cost),
    'lastFact', t.last_fact + learned);
END $$;

CREATE FUNCTION facts_after(wanted_row bigint, after bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('n', n, 'body', body) ORDER BY n), '[]')
  FROM facts WHERE task_row = wanted_row AND n > after
$$;

CREATE FUNCTION kills_of(wanted_agent text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(k)), '[]') FROM kills k WHERE agent = wanted_agent
$$;

/* An action as a reader needs it: its row, its task's, the state of its approval, and the bodies of its entries. */
CREATE FUNCTION action_json(a actions) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'action', to_jsonb(a) || jsonb_build_object('approval_state', (SELECT state FROM approvals WHERE id = a.approval_id)),
    'task', to_jsonb(t),
    'bodies', coalesce((
      SELECT jsonb_agg(jsonb_build_object('entry', e.id, 'name', b.name, 'content', b.content))
      FROM audit_entries e JOIN audit_bodies b ON b.entry_rowid = e.rowid
      WHERE e.id IN (a.arguments_entry, a.result_entry) AND b.content IS NOT NULL), '[]'))
  FROM tasks t WHERE t.row = a.task_row
$$;

CREATE FUNCTION read_task(p jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('task', to_jsonb(t), 'facts', facts_after(t.row, (p->>'afterFact')::bigint))
  FROM tasks t WHERE id = p->>'task'
$$;

CREATE FUNCTION read_attempt(p jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('task', to_jsonb(t), 'facts', facts_after(t.row, (p->>'afterFact')::bigint),
    'kills', kills_of(t.agent),
    'earlier', (SELECT action_json(found) FROM actions found WHERE found.row = ${earlierRow}))
  FROM tasks t WHERE id = p->>'task'
$$;

CREATE FUNCTION read_action(p jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT action_json(a) FROM actions a WHERE id = p->>'action'
$$;

/* What may say no to hold and intend before anything is written; NULL: nothing does. */
CREATE FUNCTION obstacle(t tasks, p jsonb, cost bigint, is_counted boolean, released text, earlier_row bigint)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  limits jsonb := p->'limits';
  seen jsonb := p->'seen';
  worked bigint := (p->>'atMs')::bigint - t.created_ms - t.waited_ms;
BEGIN
  IF (p->>'enforced')::boolean AND released IS DISTINCT FROM p->>'release' THEN
    RETURN jsonb_build_object('kind', 'release-changed');
  END IF;
  IF t.closed_ms IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'closed');
  END IF;
  IF seen IS NOT NULL AND ((seen->>'toolCalls')::bigint <> t.tool_calls OR (seen->>'costUsdMicros')::bigint <> t.cost_usd_micros) THEN
    RETURN jsonb_build_object('kind', 'stale');
  END IF;
  IF is_counted AND earlier_row IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'duplicate', 'action', (SELECT action_json(a) FROM actions a WHERE a.row = earlier_row));
  END IF;
  IF worked > (limits->>'workedMs')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'deadline', 'limit', limits->'workedMs', 'used', worked);
  END IF;
  IF is_counted AND t.tool_calls + 1 > (limits->>'toolCalls')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'max_tool_calls', 'limit', limits->'toolCalls', 'used', t.tool_calls);
  END IF;
  IF t.cost_usd_micros + cost > (limits->>'costUsdMicros')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'max_cost_usd', 'limit', limits->'costUsdMicros',
      'used', t.cost_usd_micros);
  END IF;
  IF t.last_fact > (p->>'lastFact')::bigint THEN
    RETURN jsonb_build_object('kind', 'newer-facts', 'facts', facts_after(t.row, (p->>'lastFact')::bigint));
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION lock_task(wanted text) RETURNS tasks LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
BEGIN
  SELECT * INTO t FROM tasks WHERE id = wanted FOR UPDATE;
  IF t.row IS NULL THEN
    RAISE EXCEPTION 'there is no such task' USING ERRCODE = 'AW002';
  END IF;
  RETURN t;
END $$;

CREATE FUNCTION record_refusal(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks := lock_task(p->>'task');
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  WITH ${writesEntry}, ${writesAction('denied')}
  UPDATE tasks SET tool_calls = tool_calls + 1 WHERE row = t.row AND (p->>'counted')::boolean;
  RETURN 'true';
END $$;

CREATE FUNCTION hold(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
  stop jsonb;
  approval jsonb := p->'approval';
  done boolean;
  stopped jsonb;
  released text;
  earlier_row bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(727272, hashtext(p->>'agent'));
  SELECT * INTO t FROM tasks WHERE id = p->>'task' FOR UPDATE;
  ${looks}
  IF stopped IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'killed', 'kill', stopped);
  END IF;
  -- Only now: a kill is told to a task that does not exist too, which is how it is verified where no kit runs.
  IF t.row IS NULL THEN
    RAISE EXCEPTION 'there is no such task' USING ERRCODE = 'AW002';
  END IF;
  IF done THEN
    RETURN jsonb_build_object('kind', 'committed', 'task', task_after(t, 0, 0, 0));
  END IF;
  stop := obstacle(t, p, 0, true, released, earlier_row);
  IF stop IS NOT NULL THEN
    RETURN stop;
  END IF;
  WITH ${writesEntry}, ${writesAction('held')}
  UPDATE tasks SET tool_calls = tool_calls + 1 WHERE row = t.row;
  INSERT INTO approvals (id, action_id, task, agent, tool, principal_id, roles, not_requester, state, summary, nonce,
    binding_digest, created_ms, expires_ms)
  VALUES (approval->>'id', p->>'action', p->>'task', p->>'agent', p->>'tool', approval->>'principal', approval->>'roles',
    (approval->>'notRequester')::integer, 'pending', approval->>'summary', approval->>'nonce', approval->>'bindingDigest',
    (p->>'atMs')::bigint, (approval->>'expiresMs')::bigint);
  RETURN jsonb_build_object('kind', 'committed', 'task', task_after(t, 1, 0, 0));
END $$;

/* Why an approval does not carry exactly this; NULL when it was consumed just now. */
CREATE FUNCTION consume(p jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  a approvals;
BEGIN
  SELECT * INTO a FROM approvals WHERE id = p->'approval'->>'id' FOR UPDATE;
  IF a.row IS NULL OR a.action_id <> p->>'action' THEN
    RETURN 'missing';
  END IF;
  IF a.state <> 'approved' THEN
    RETURN a.state;
  END IF;
  IF a.expires_ms <= (p->>'atMs')::bigint THEN
    RETURN 'expired';
  END IF;
  IF a.binding_digest <> p->'approval'->>'bindingDigest' THEN
    RETURN 'mismatch';
  END IF;
  UPDATE approvals SET state = 'used' WHERE id = a.id;
  RETURN NULL;
END $$;

CREATE FUNCTION intend(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
  stop jsonb;
  why text;
  cost bigint := (p->>'costUsdMicros')::bigint;
  learned bigint := jsonb_array_length(p->'facts');
  is_resumed boolean := p->'approval' IS NOT NULL;
  done boolean;
  stopped jsonb;
  released text;
  earlier_row bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(727272, hashtext(p->>'agent'));
  SELECT * INTO t FROM tasks WHERE id = p->>'task' FOR UPDATE;
  ${looks}
  IF stopped IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'killed', 'kill', stopped);
  END IF;
  -- Only now: a kill is told to a task that does not exist too, which is how it is verified where no kit runs.
  IF t.row IS NULL THEN
    RAISE EXCEPTION 'there is no such task' USING ERRCODE = 'AW002';
  END IF;
  IF done THEN
    RETURN jsonb_build_object('kind', 'committed', 'task', task_after(t, 0, 0, 0));
  END IF;
  stop := obstacle(t, p, cost, NOT is_resumed, released, earlier_row);
  IF stop IS NOT NULL THEN
    RETURN stop;
  END IF;
  IF is_resumed THEN
    PERFORM 1 FROM actions WHERE id = p->>'action' AND state = 'held' FOR UPDATE;
    why := CASE WHEN FOUND THEN consume(p) ELSE coalesce((SELECT CASE state WHEN 'approved' THEN 'used' ELSE state END
      FROM approvals WHERE id = p->'approval'->>'id' AND action_id = p->>'action'), 'missing') END;
    IF why IS NOT NULL THEN
      RETURN jsonb_build_object('kind', 'approval-invalid', 'why', why);
    END IF;
    WITH ${writesEntry}, ${writesFacts},
    resumed AS (
      UPDATE actions SET state = 'intended', reasons = p->>'reasons', cost_usd_micros = cost, owner = p->>'owner',
        doubt_ms = (p->>'doubtMs')::bigint, intended_ms = (p->>'atMs')::bigint, arguments_entry = p->'entry'->>'id'
      WHERE id = p->>'action')
    UPDATE tasks SET cost_usd_micros = cost_usd_micros + cost, last_fact = last_fact + learned WHERE row = t.row;
    RETURN jsonb_build_object('kind', 'committed', 'task', task_after(t, 0, cost, learned));
  END IF;
  WITH ${writesEntry}, ${writesFacts}, ${writesAction('intended')}
  UPDATE tasks SET tool_calls = tool_calls + 1, cost_usd_micros = cost_usd_micros + cost, last_fact = last_fact + learned
  WHERE row = t.row;
  RETURN jsonb_build_object('kind', 'committed', 'task', task_after(t, 1, cost, learned));
END $$;

CREATE FUNCTION settle(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
  done boolean;
  state_before text;
  reserved bigint;
  unspent bigint;
  learned bigint := jsonb_array_length(p->'facts');
  newer jsonb;
BEGIN
  SELECT * INTO t FROM tasks WHERE row = (SELECT task_row FROM actions WHERE id = p->>'action') FOR UPDATE;
  IF t.row IS NULL THEN
    RETURN jsonb_build_object('kind', 'settled-before');
  END IF;
  SELECT EXISTS (SELECT FROM audit_entries e WHERE e.id = p->'entry'->>'id'), a.state, a.cost_usd_micros
  INTO done, state_before, reserved FROM actions a WHERE a.id = p->>'action';
  IF done THEN
    RETURN jsonb_build_object('kind', 'settled', 'task', task_after(t, 0, 0, 0));
  END IF;
  IF NOT (state_before = 'intended' OR (state_before = 'ambiguous' AND p->>'state' <> 'ambiguous')) THEN
    RETURN jsonb_build_object('kind', 'settled-before');
  END IF;
  IF t.last_fact > (p->>'lastFact')::bigint THEN
    newer := facts_after(t.row, (p->>'lastFact')::bigint);
    IF jsonb_path_exists(newer, '$[*].body ? (@ like_regex "\\"kind\\":\\"pseudonym\\"")') THEN
      RETURN jsonb_build_object('kind', 'newer-facts', 'facts', newer);
    END IF;
  END IF;
  unspent := CASE WHEN p->>'state' = 'ambiguous' THEN 0 ELSE greatest(0, reserved - (p->>'costUsdMicros')::bigint) END;
  WITH ${writesEntry}, ${writesFacts},
  settled AS (
    UPDATE actions SET state = p->>'state', error = p->>'error', settled_ms = (p->>'atMs')::bigint,
      result_entry = p->'entry'->>'id', cost_usd_micros = cost_usd_micros - unspent,
      reasons = CASE WHEN p->>'reasons' = '[]' THEN reasons ELSE p->>'reasons' END
    WHERE id = p->>'action')
  UPDATE tasks SET cost_usd_micros = cost_usd_micros - unspent, last_fact = last_fact + learned WHERE row = t.row;
  RETURN jsonb_build_object('kind', 'settled', 'task', task_after(t, 0, -unspent, learned));
END $$;

CREATE FUNCTION refuse_held(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM tasks WHERE row = (SELECT task_row FROM actions WHERE id = p->>'action') FOR UPDATE;
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  UPDATE actions SET state = 'denied', reasons = p->>'reasons', settled_ms = (p->>'atMs')::bigint
  WHERE id = p->>'action' AND state = 'held';
  IF NOT FOUND THEN
    RETURN 'false';
  END IF;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

CREATE FUNCTION learn(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks := lock_task(p->>'task');
BEGIN
  IF NOT is_done(p->'entry') THEN
    WITH ${writesEntry}, ${writesFacts}
    UPDATE tasks SET last_fact = last_fact + jsonb_array_length(p->'facts') WHERE row = t.row;
  END IF;
  RETURN 'true';
END $$;

CREATE FUNCTION collect(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  UPDATE actions SET collected_ms = (p->>'atMs')::bigint WHERE id = p->>'action' AND collected_ms IS NULL;
  RETURN 'true';
END $$;

CREATE FUNCTION open_task(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
  made jsonb := p->'task';
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  INSERT INTO tasks (id, project, agent, release, environment, principal, trace_id, token_hash, resume_url, probe, created_ms)
  VALUES (made->>'id', made->>'project', made->>'agent', made->>'release', made->>'environment', made->>'principal',
    made->>'traceId', p->>'tokenHash', made->>'resumeUrl', (made->>'probe')::integer, (made->>'createdMs')::bigint)
  RETURNING * INTO t;
  WITH ${writesEntry}, ${writesFacts}
  UPDATE tasks SET last_fact = last_fact + jsonb_array_length(p->'facts') WHERE row = t.row;
  RETURN 'true';
END $$;

CREATE FUNCTION close_task(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  UPDATE tasks SET closed_ms = (p->>'atMs')::bigint WHERE id = p->>'task' AND closed_ms IS NULL;
  IF NOT FOUND THEN
    RETURN 'false';
  END IF;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

CREATE FUNCTION decide_approval(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  a approvals;
  is_unused boolean;
  at bigint := (p->>'atMs')::bigint;
BEGIN
  PERFORM 1 FROM tasks WHERE id = (SELECT task FROM approvals WHERE id = p->>'approval') FOR UPDATE;
  SELECT * INTO a FROM approvals WHERE id = p->>'approval' FOR UPDATE;
  IF a.row IS NULL THEN
    RETURN jsonb_build_object('kind', 'unknown');
  END IF;
  IF is_done(p->'entry') THEN
    RETURN jsonb_build_object('kind', 'decided');
  END IF;
  is_unused := a.state = 'approved' AND p->>'state' = 'expired' AND a.expires_ms <= at;
  IF a.state <> 'pending' AND NOT is_unused THEN
    RETURN jsonb_build_object('kind', 'late', 'state', a.state);
  END IF;
  IF p->>'state' = 'approved' AND a.expires_ms <= at THEN
    RETURN jsonb_build_object('kind', 'late', 'state', 'expired');
  END IF;
  UPDATE approvals SET state = p->>'state', decided_ms = coalesce(decided_ms, at),
    decided_by = coalesce(decided_by, p->>'by'), comment = coalesce(comment, p->>'comment') WHERE id = a.id;
  IF NOT is_unused THEN
    UPDATE tasks SET waited_ms = waited_ms + greatest(0, at - greatest(a.created_ms, waited_until_ms)),
      waited_until_ms = greatest(waited_until_ms, at) WHERE id = a.task;
  END IF;
  PERFORM append_entry(p->'entry');
  IF p->'refusal' IS NOT NULL THEN
    PERFORM refuse_held(p->'refusal');
  END IF;
  RETURN jsonb_build_object('kind', 'decided');
END $$;

CREATE FUNCTION engage_kill(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_agent(p->>'agent');
  IF NOT is_done(p->'entry') THEN
    INSERT INTO kills (agent, tool, reason, engaged_by, engaged_ms)
    VALUES (p->>'agent', p->>'tool', p->>'reason', p->>'by', (p->>'atMs')::bigint) ON CONFLICT DO NOTHING;
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;

CREATE FUNCTION lift_kill(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_agent(p->>'agent');
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  DELETE FROM kills WHERE agent = p->>'agent' AND tool = p->>'tool';
  IF NOT FOUND THEN
    RETURN 'false';
  END IF;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

CREATE FUNCTION create_credential(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT is_done(p->'entry') THEN
    INSERT INTO credentials (id, kind, name, agent, principal, roles, hash, created_ms)
    VALUES (p->>'id', p->>'kind', p->>'name', p->>'agent', p->>'principal', p->>'roles', p->>'hash', (p->>'createdMs')::bigint);
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;

CREATE FUNCTION revoke_credential(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  UPDATE credentials SET revoked_ms = (p->>'atMs')::bigint WHERE id = p->>'id' AND revoked_ms IS NULL;
  IF NOT FOUND THEN
    RETURN 'false';
  END IF;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

CREATE FUNCTION register_release(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO releases (digest, agent, body, registered_ms)
  VALUES (p->>'digest', p->>'agent', p->>'body', (p->>'atMs')::bigint) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;

CREATE FUNCTION point_environment(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_agent(p->>'agent');
  IF NOT EXISTS (SELECT FROM environments WHERE agent = p->>'agent' AND name = p->>'environment' AND release = p->>'release') THEN
    INSERT INTO environments (agent, name, release, changed_ms)
    VALUES (p->>'agent', p->>'environment', p->>'release', (p->>'atMs')::bigint)
    ON CONFLICT (agent, name) DO UPDATE SET release = excluded.release, changed_ms = excluded.changed_ms;
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;

CREATE FUNCTION record_evidence(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT is_done(p->'entry') THEN
    INSERT INTO evidence (control, release, environment, body, at_ms)
    SELECT e->>'control', e->>'release', e->>'environment', e->>'body', (e->>'atMs')::bigint
    FROM jsonb_array_elements(p->'evidence') WITH ORDINALITY AS x (e, n) ORDER BY n;
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;

/* An id that is there already is an error, but not to a try whose forerunner may have committed the very same entry. */
CREATE FUNCTION append(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF (p->>'again')::boolean AND EXISTS (
    SELECT FROM audit_entries WHERE id = p->'entry'->>'id' AND leaf_hash = decode(p->'entry'->>'leaf_hash', 'hex')) THEN
    RETURN 'true';
  END IF;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

CREATE FUNCTION erase_body(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  b audit_bodies;
BEGIN
  SELECT b2.* INTO b FROM audit_entries e JOIN audit_bodies b2 ON b2.entry_rowid = e.rowid
  WHERE e.id = p->>'of' AND b2.name = p->>'name' FOR UPDATE OF b2;
  IF b.entry_rowid IS NULL THEN
    RETURN '"unknown"';
  END IF;
  IF is_done(p->'entry') THEN
    RETURN 'true';
  END IF;
  IF b.content IS NULL THEN
    RETURN 'false';
  END IF;
  UPDATE audit_bodies SET salt = NULL, content = NULL WHERE entry_rowid = b.entry_rowid AND name = b.name;
  PERFORM append_entry(p->'entry');
  RETURN 'true';
END $$;

/* True while the holder may do what the lease is for; asking keeps it. */
CREATE FUNCTION hold_lease(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM leases WHERE name = p->>'name' AND holder <> p->>'holder' AND expires_at > clock_timestamp()) THEN
    RETURN 'false';
  END IF;
  INSERT INTO leases AS l (name, holder, expires_at)
  VALUES (p->>'name', p->>'holder', clock_timestamp() + (p->>'ttlMs')::bigint * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
  WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp();
  RETURN to_jsonb(FOUND);
END $$;

CREATE FUNCTION resign_lease(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM leases WHERE name = p->>'name' AND holder = p->>'holder';
  RETURN 'true';
END $$;

CREATE FUNCTION holds_lease(wanted text, who text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- Locked, so that nobody takes it over before this act has committed.
  PERFORM 1 FROM leases WHERE name = wanted AND holder = who AND expires_at > clock_timestamp() FOR UPDATE;
  RETURN FOUND;
END $$;

CREATE FUNCTION sequence(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  first bigint := (p->>'firstIndex')::bigint;
  keys bigint[] := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(p->'entryKeys'));
BEGIN
  IF NOT holds_lease('sequencer', p->>'holder') OR (SELECT coalesce(max(log_index) + 1, 0) FROM audit_index) <> first THEN
    RETURN '"conflict"';
  END IF;
  INSERT INTO audit_index (log_index, entry_rowid) SELECT first + n - 1, key FROM unnest(keys) WITH ORDINALITY AS k (key, n) ORDER BY n;
  DELETE FROM audit_pending WHERE entry_rowid = ANY (keys);
  RETURN '"done"';
END $$;

CREATE FUNCTION publish_checkpoint(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds_lease('sequencer', p->>'holder')
    OR (SELECT max(size) FROM audit_checkpoints) IS DISTINCT FROM (p->>'expectedSize')::bigint
    OR (SELECT coalesce(max(log_index) + 1, 0) FROM audit_index) < (p->>'size')::bigint THEN
    RETURN '"conflict"';
  END IF;
  INSERT INTO audit_tiles (level, n, hashes)
  SELECT (t->>'level')::integer, (t->>'n')::bigint, decode(t->>'hashes', 'hex') FROM jsonb_array_elements(p->'tiles') AS t
  ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes;
  INSERT INTO audit_checkpoints (size, note) VALUES ((p->>'size')::bigint, p->>'note');
  RETURN '"done"';
END $$;
`
