/** Calls of models; the SQLite migration of this name says what they are. */
export const modelCallsMigration = `
CREATE TABLE model_use (
  task_row bigint PRIMARY KEY REFERENCES tasks (row),
  steps bigint NOT NULL CHECK (steps >= 0),
  tokens bigint NOT NULL CHECK (tokens >= 0)
);

CREATE TABLE model_calls (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  task_row bigint NOT NULL REFERENCES tasks (row),
  model text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'lost')),
  reserved_tokens bigint NOT NULL CHECK (reserved_tokens >= 0),
  reserved_usd_micros bigint NOT NULL CHECK (reserved_usd_micros >= 0),
  tokens bigint CHECK (tokens BETWEEN 0 AND reserved_tokens),
  cost_usd_micros bigint CHECK (cost_usd_micros BETWEEN 0 AND reserved_usd_micros),
  details text,
  owner text NOT NULL,
  doubt_ms bigint NOT NULL,
  begun_ms bigint NOT NULL,
  ended_ms bigint,
  CHECK ((state = 'running') = (ended_ms IS NULL)),
  CHECK ((ended_ms IS NULL) = (tokens IS NULL))
);
CREATE INDEX model_calls_running ON model_calls (doubt_ms) WHERE state = 'running';
CREATE INDEX model_calls_by_task ON model_calls (task_row);

CREATE FUNCTION begin_model_call(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t tasks;
  k kills;
  limits jsonb := p->'limits';
  new_tokens bigint := (p->>'tokens')::bigint;
  new_cost bigint := (p->>'costUsdMicros')::bigint;
  used_steps bigint;
  used_tokens bigint;
  worked bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(727272, hashtext(p->>'agent'));
  SELECT * INTO k FROM kills WHERE agent = p->>'agent' AND tool = '*';
  IF k.agent IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'killed', 'kill', to_jsonb(k));
  END IF;
  t := lock_task(p->>'task');
  IF EXISTS (SELECT FROM model_calls WHERE id = p->>'call') THEN
    RETURN jsonb_build_object('kind', 'begun');
  END IF;
  IF t.closed_ms IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'closed');
  END IF;
  worked := (p->>'atMs')::bigint - t.created_ms - t.waited_ms;
  SELECT coalesce(max(steps), 0), coalesce(max(tokens), 0) INTO used_steps, used_tokens FROM model_use WHERE task_row = t.row;
  IF worked > (limits->>'workedMs')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'deadline', 'limit', limits->'workedMs', 'used', worked);
  END IF;
  IF used_steps + 1 > (limits->>'steps')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'max_steps', 'limit', limits->'steps', 'used', used_steps);
  END IF;
  IF used_tokens + new_tokens > (limits->>'tokens')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'max_tokens', 'limit', limits->'tokens', 'used', used_tokens);
  END IF;
  IF t.cost_usd_micros + new_cost > (limits->>'costUsdMicros')::bigint THEN
    RETURN jsonb_build_object('kind', 'over-budget', 'budget', 'max_cost_usd', 'limit', limits->'costUsdMicros',
      'used', t.cost_usd_micros);
  END IF;
  INSERT INTO model_calls (id, task_row, model, state, reserved_tokens, reserved_usd_micros, owner, doubt_ms, begun_ms)
  VALUES (p->>'call', t.row, p->>'model', 'running', new_tokens, new_cost, p->>'owner', (p->>'doubtMs')::bigint,
    (p->>'atMs')::bigint);
  INSERT INTO model_use AS u (task_row, steps, tokens) VALUES (t.row, 1, new_tokens)
  ON CONFLICT (task_row) DO UPDATE SET steps = u.steps + 1, tokens = u.tokens + excluded.tokens;
  UPDATE tasks SET cost_usd_micros = cost_usd_micros + new_cost WHERE row = t.row;
  RETURN jsonb_build_object('kind', 'begun');
END $$;

CREATE FUNCTION end_model_call(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c model_calls;
  s jsonb := p->'span';
  used_tokens bigint;
  cost bigint;
BEGIN
  PERFORM 1 FROM tasks WHERE row = (SELECT task_row FROM model_calls WHERE id = p->>'call') FOR UPDATE;
  SELECT * INTO c FROM model_calls WHERE id = p->>'call' FOR UPDATE;
  IF c.row IS NULL OR c.state <> 'running' THEN
    RETURN 'false';
  END IF;
  used_tokens := CASE WHEN p->>'state' = 'lost' THEN c.reserved_tokens ELSE least((p->>'tokens')::bigint, c.reserved_tokens) END;
  cost := CASE WHEN p->>'state' = 'lost' THEN c.reserved_usd_micros
    ELSE least((p->>'costUsdMicros')::bigint, c.reserved_usd_micros) END;
  UPDATE model_calls SET state = p->>'state', tokens = used_tokens, cost_usd_micros = cost, details = p->>'details',
    ended_ms = (p->>'atMs')::bigint WHERE row = c.row;
  UPDATE model_use SET tokens = tokens - (c.reserved_tokens - used_tokens) WHERE task_row = c.task_row;
  UPDATE tasks SET cost_usd_micros = cost_usd_micros - (c.reserved_usd_micros - cost) WHERE row = c.task_row;
  IF s IS NOT NULL THEN
    INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
      resource, source)
    VALUES (s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, 'kit')
    ON CONFLICT (trace_id, span_id) DO NOTHING;
  END IF;
  RETURN 'true';
END $$;
`
