/** What passed between an agent and the kit in tasks that are no trials, piece by piece. It can be deleted. */
export const recordingsMigration = `
CREATE TABLE recorded_parts (
  task TEXT NOT NULL,
  part TEXT NOT NULL,
  begun INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  is_wanted INTEGER NOT NULL,
  has_failed INTEGER NOT NULL,
  about TEXT NOT NULL,
  PRIMARY KEY (task, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_parts_by_age ON recorded_parts (at_ms);

CREATE TABLE recorded_pieces (
  task TEXT NOT NULL,
  part TEXT NOT NULL,
  n INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (task, part, n)
) STRICT;
`
