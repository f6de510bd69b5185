/**
 * The tables of a kit on PostgreSQL. The constraints say what the code believes; the audit tables refuse update and delete whoever
 * asks, and the kit's own role has no right to either. Texts of JSON stay texts: they are digested as they were written.
 */
export const tablesMigration = `
/* What one column must be stands in its type: a CHECK of a table is read and built anew by each statement that writes to it. */
CREATE DOMAIN natural_number AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN positive_number AS bigint CHECK (VALUE > 0);
CREATE DOMAIN yes_or_no AS integer CHECK (VALUE IN (0, 1));
CREATE DOMAIN sha256 AS bytea CHECK (length(VALUE) = 32);
CREATE DOMAIN action_effect AS text CHECK (VALUE IN ('read', 'write', 'irreversible'));
CREATE DOMAIN action_state AS text CHECK (VALUE IN ('held', 'intended', 'succeeded', 'failed', 'ambiguous', 'denied'));

/* A task's numbers change at each call: room in its page lets a new version take the place of an old one. */
CREATE TABLE tasks (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text NOT NULL DEFAULT 'default',
  id text NOT NULL UNIQUE,
  agent text NOT NULL,
  release text NOT NULL,
  environment text NOT NULL,
  principal text NOT NULL,
  trace_id text NOT NULL,
  token_hash text NOT NULL UNIQUE,
  resume_url text,
  probe yes_or_no NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  closed_ms bigint,
  waited_ms natural_number NOT NULL DEFAULT 0,
  waited_until_ms bigint NOT NULL DEFAULT 0,
  tool_calls natural_number NOT NULL DEFAULT 0,
  cost_usd_micros natural_number NOT NULL DEFAULT 0,
  last_fact natural_number NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX tasks_by_agent ON tasks (agent, created_ms);

CREATE TABLE facts (
  task_row bigint NOT NULL REFERENCES tasks (row),
  n positive_number NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (task_row, n)
);

CREATE TABLE actions (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  task_row bigint NOT NULL REFERENCES tasks (row),
  tool text NOT NULL,
  effect action_effect NOT NULL,
  state action_state NOT NULL,
  arguments_digest text NOT NULL,
  definition_digest text NOT NULL,
  idempotency_key text,
  approval_id text,
  reasons text NOT NULL,
  cost_usd_micros bigint NOT NULL DEFAULT 0,
  error text,
  owner text,
  doubt_ms bigint,
  created_ms bigint NOT NULL,
  intended_ms bigint,
  settled_ms bigint,
  collected_ms bigint,
  arguments_entry text NOT NULL,
  result_entry text,
  CHECK (state IN ('held', 'denied') OR (intended_ms IS NOT NULL AND (state = 'intended' OR settled_ms IS NOT NULL)))
);
CREATE UNIQUE INDEX actions_by_key ON actions (task_row, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX actions_waiting ON actions (task_row, tool, arguments_digest) WHERE approval_id IS NOT NULL AND collected_ms IS NULL;
CREATE INDEX actions_intended ON actions (doubt_ms) WHERE state = 'intended';
CREATE INDEX actions_ambiguous ON actions (task_row, tool, arguments_digest) WHERE state = 'ambiguous';
CREATE INDEX actions_held ON actions (approval_id) WHERE state = 'held';
CREATE INDEX actions_by_approval ON actions (approval_id) WHERE approval_id IS NOT NULL;

CREATE TABLE approvals (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  action_id text NOT NULL UNIQUE REFERENCES actions (id),
  task text NOT NULL,
  agent text NOT NULL,
  tool text NOT NULL,
  principal_id text NOT NULL,
  roles text NOT NULL,
  not_requester integer NOT NULL CHECK (not_requester IN (0, 1)),
  state text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'used')),
  summary text NOT NULL,
  nonce text NOT NULL UNIQUE,
  binding_digest text NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  decided_ms bigint,
  decided_by text,
  comment text
);
CREATE INDEX approvals_by_state ON approvals (state, created_ms);

CREATE TABLE kills (
  agent text NOT NULL,
  tool text NOT NULL,
  reason text NOT NULL,
  engaged_by text NOT NULL,
  engaged_ms bigint NOT NULL,
  PRIMARY KEY (agent, tool)
);

CREATE TABLE credentials (
  id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('agent', 'operator', 'person', 'auditor')),
  name text NOT NULL,
  agent text,
  principal text,
  roles text NOT NULL,
  hash text NOT NULL UNIQUE,
  created_ms bigint NOT NULL,
  revoked_ms bigint
);

CREATE TABLE releases (
  digest text PRIMARY KEY,
  agent text NOT NULL,
  body text NOT NULL,
  registered_ms bigint NOT NULL
);

CREATE TABLE environments (
  agent text NOT NULL,
  name text NOT NULL,
  release text NOT NULL REFERENCES releases (digest),
  changed_ms bigint NOT NULL,
  PRIMARY KEY (agent, name)
);

CREATE TABLE evidence (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  control text NOT NULL,
  release text NOT NULL,
  environment text NOT NULL,
  body text NOT NULL,
  at_ms bigint NOT NULL
);
CREATE INDEX evidence_by_release ON evidence (release, control, at_ms);

/* Who does what only one gateway may do. The database's clock counts, which all of them share. */
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE audit_entries (
  rowid bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  time_ms bigint NOT NULL,
  task text,
  body text NOT NULL,
  leaf_hash sha256 NOT NULL
);
CREATE INDEX audit_entries_by_task ON audit_entries (task) WHERE task IS NOT NULL;

/*
 * Entries without an index yet. Row ids do not grow in the order of commits here, so a queue says what is new. It refers to nothing:
 * what is taken from it gets a row in audit_index, which does.
 */
CREATE TABLE audit_pending (
  entry_rowid bigint PRIMARY KEY
);

CREATE TABLE audit_bodies (
  entry_rowid bigint NOT NULL REFERENCES audit_entries (rowid),
  name text NOT NULL,
  salt bytea,
  content text,
  PRIMARY KEY (entry_rowid, name),
  CHECK ((salt IS NULL) = (content IS NULL))
);

CREATE TABLE audit_index (
  log_index bigint PRIMARY KEY,
  entry_rowid bigint NOT NULL UNIQUE REFERENCES audit_entries (rowid)
);

CREATE TABLE audit_checkpoints (
  size bigint PRIMARY KEY,
  note text NOT NULL
);

CREATE TABLE audit_cosignatures (
  size bigint NOT NULL,
  witness text NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (size, witness)
);

CREATE TABLE audit_tiles (
  level integer NOT NULL,
  n bigint NOT NULL,
  hashes bytea NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (level, n)
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, lower(TG_OP) USING ERRCODE = 'AW001';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_index FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_index FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER no_delete BEFORE DELETE ON audit_tiles FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER no_delete BEFORE DELETE ON audit_bodies FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_bodies FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON facts FOR EACH ROW EXECUTE FUNCTION refuse();

CREATE FUNCTION only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.content IS NOT NULL OR NEW.salt IS NOT NULL OR OLD.content IS NULL
    OR NEW.entry_rowid <> OLD.entry_rowid OR NEW.name <> OLD.name THEN
    RAISE EXCEPTION 'audit_bodies can only be erased: set salt and content to null' USING ERRCODE = 'AW001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_erased BEFORE UPDATE ON audit_bodies FOR EACH ROW EXECUTE FUNCTION only_erase();

CREATE FUNCTION only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.level <> OLD.level OR NEW.n <> OLD.n OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes THEN
    RAISE EXCEPTION 'audit_tiles only grow: hashes that were published stay' USING ERRCODE = 'AW001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_grow BEFORE UPDATE ON audit_tiles FOR EACH ROW EXECUTE FUNCTION only_grow();

CREATE FUNCTION next_index() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  first bigint;
  last bigint;
  added_count bigint;
BEGIN
  SELECT min(log_index), max(log_index), count(*) INTO first, last, added_count FROM added;
  IF added_count > 0 AND (last - first + 1 <> added_count
    OR first <> (SELECT coalesce(max(log_index) + 1, 0) FROM audit_index WHERE log_index < first)) THEN
    RAISE EXCEPTION 'audit_index is append-only: the next index is needed' USING ERRCODE = 'AW001';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER next_index AFTER INSERT ON audit_index REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION next_index();

CREATE FUNCTION larger_size() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <= (SELECT coalesce(max(size), -1) FROM audit_checkpoints) THEN
    RAISE EXCEPTION 'audit_checkpoints is append-only: a larger size is needed' USING ERRCODE = 'AW001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER larger_size BEFORE INSERT ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION larger_size();

/* An approval is consumed once, and only after somebody gave it. */
CREATE FUNCTION approval_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT ((OLD.state = 'pending' AND NEW.state IN ('approved', 'rejected', 'expired'))
    OR (OLD.state = 'approved' AND NEW.state IN ('used', 'expired'))) THEN
    RAISE EXCEPTION 'an approval cannot go back' USING ERRCODE = 'AW001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER once BEFORE UPDATE OF state ON approvals FOR EACH ROW EXECUTE FUNCTION approval_once();
`
