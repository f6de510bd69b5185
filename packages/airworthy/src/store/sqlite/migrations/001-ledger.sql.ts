/** Tasks, facts, actions, approvals, kills, keys, releases and evidence. The constraints say what the code believes. */
export const ledgerMigration = `
CREATE TABLE tasks (
  row INTEGER PRIMARY KEY,
  project TEXT NOT NULL DEFAULT 'default',
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  release TEXT NOT NULL,
  environment TEXT NOT NULL,
  principal TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  resume_url TEXT,
  probe INTEGER NOT NULL DEFAULT 0 CHECK (probe IN (0, 1)),
  created_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  waited_ms INTEGER NOT NULL DEFAULT 0 CHECK (waited_ms >= 0),
  /* Up to when waiting was counted: holds that overlap are counted once. */
  waited_until_ms INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0 CHECK (tool_calls >= 0),
  cost_usd_micros INTEGER NOT NULL DEFAULT 0 CHECK (cost_usd_micros >= 0),
  last_fact INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tasks_by_agent ON tasks (agent, created_ms);

CREATE TABLE facts (
  task_row INTEGER NOT NULL REFERENCES tasks (row),
  n INTEGER NOT NULL CHECK (n > 0),
  body TEXT NOT NULL,
  PRIMARY KEY (task_row, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER facts_append_only_update BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;

CREATE TABLE actions (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  task_row INTEGER NOT NULL REFERENCES tasks (row),
  tool TEXT NOT NULL,
  /* With OR: a list of IN is built anew for every row that is checked, which costs as much as the insert itself. */
  effect TEXT NOT NULL CHECK (effect = 'read' OR effect = 'write' OR effect = 'irreversible'),
  state TEXT NOT NULL CHECK (state = 'held' OR state = 'intended' OR state = 'succeeded' OR state = 'failed'
    OR state = 'ambiguous' OR state = 'denied'),
  arguments_digest TEXT NOT NULL,
  definition_digest TEXT NOT NULL,
  idempotency_key TEXT,
  approval_id TEXT,
  reasons TEXT NOT NULL,
  cost_usd_micros INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  owner TEXT,
  doubt_ms INTEGER,
  created_ms INTEGER NOT NULL,
  intended_ms INTEGER,
  settled_ms INTEGER,
  collected_ms INTEGER,
  /* The entry that holds the arguments, and the one that holds the result. */
  arguments_entry TEXT NOT NULL,
  result_entry TEXT,
  CHECK (intended_ms IS NOT NULL OR state = 'held' OR state = 'denied'),
  CHECK (settled_ms IS NOT NULL OR state = 'held' OR state = 'intended' OR state = 'denied')
) STRICT;
CREATE UNIQUE INDEX actions_by_key ON actions (task_row, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX actions_waiting ON actions (task_row, tool, arguments_digest) WHERE approval_id IS NOT NULL AND collected_ms IS NULL;
/* One index a state: SQLite does not see that one state lies within a list of two. */
CREATE INDEX actions_intended ON actions (doubt_ms) WHERE state = 'intended';
CREATE INDEX actions_ambiguous ON actions (task_row, tool, arguments_digest) WHERE state = 'ambiguous';
CREATE INDEX actions_by_approval ON actions (approval_id) WHERE approval_id IS NOT NULL;

CREATE TABLE approvals (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  action_id TEXT NOT NULL UNIQUE REFERENCES actions (id),
  task TEXT NOT NULL,
  agent TEXT NOT NULL,
  tool TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  roles TEXT NOT NULL,
  not_requester INTEGER NOT NULL CHECK (not_requester IN (0, 1)),
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'used')),
  summary TEXT NOT NULL,
  nonce TEXT NOT NULL UNIQUE,
  binding_digest TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  decided_ms INTEGER,
  decided_by TEXT,
  comment TEXT
) STRICT;
CREATE INDEX approvals_by_state ON approvals (state, created_ms);
/* An approval is consumed once, and only after somebody gave it. */
CREATE TRIGGER approvals_once BEFORE UPDATE OF state ON approvals
WHEN NOT (
  (OLD.state = 'pending' AND NEW.state IN ('approved', 'rejected', 'expired'))
  OR (OLD.state = 'approved' AND NEW.state IN ('used', 'expired'))
)
BEGIN SELECT RAISE(ABORT, 'an approval cannot go back'); END;

CREATE TABLE kills (
  agent TEXT NOT NULL,
  tool TEXT NOT NULL,
  reason TEXT NOT NULL,
  engaged_by TEXT NOT NULL,
  engaged_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, tool)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('agent', 'operator', 'person', 'auditor')),
  name TEXT NOT NULL,
  agent TEXT,
  roles TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;

CREATE TABLE releases (
  digest TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  body TEXT NOT NULL,
  registered_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE environments (
  agent TEXT NOT NULL,
  name TEXT NOT NULL,
  release TEXT NOT NULL REFERENCES releases (digest),
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
  row INTEGER PRIMARY KEY,
  control TEXT NOT NULL,
  release TEXT NOT NULL,
  environment TEXT NOT NULL,
  body TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_by_release ON evidence (release, control, at_ms);
`
