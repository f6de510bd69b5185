/** Calls of models: what a task reserved and used of steps and tokens. Cost is counted with that of the tools, on the task itself. */
export const modelCallsMigration = `
CREATE TABLE model_use (
  task_row INTEGER PRIMARY KEY REFERENCES tasks (row),
  steps INTEGER NOT NULL CHECK (steps >= 0),
  tokens INTEGER NOT NULL CHECK (tokens >= 0)
) STRICT;

CREATE TABLE model_calls (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  task_row INTEGER NOT NULL REFERENCES tasks (row),
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'lost')),
  reserved_tokens INTEGER NOT NULL CHECK (reserved_tokens >= 0),
  reserved_usd_micros INTEGER NOT NULL CHECK (reserved_usd_micros >= 0),
  tokens INTEGER CHECK (tokens BETWEEN 0 AND reserved_tokens),
  cost_usd_micros INTEGER CHECK (cost_usd_micros BETWEEN 0 AND reserved_usd_micros),
  details TEXT,
  owner TEXT NOT NULL,
  doubt_ms INTEGER NOT NULL,
  begun_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  CHECK ((state = 'running') = (ended_ms IS NULL)),
  CHECK ((ended_ms IS NULL) = (tokens IS NULL))
) STRICT;
CREATE INDEX model_calls_running ON model_calls (doubt_ms) WHERE state = 'running';
CREATE INDEX model_calls_by_task ON model_calls (task_row);
`
