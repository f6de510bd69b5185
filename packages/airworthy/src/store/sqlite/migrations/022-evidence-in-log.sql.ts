/** Evidence only grows, and each row names the entry of the log that holds its digest. Rows of earlier versions name none. */
export const evidenceInLogMigration = `
ALTER TABLE evidence ADD COLUMN entry_id TEXT;
CREATE TRIGGER evidence_never_updated BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER evidence_never_deleted BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER evidence_never_replaced BEFORE INSERT ON evidence WHEN EXISTS (SELECT 1 FROM evidence WHERE row = NEW.row)
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
`
