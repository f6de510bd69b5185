/** Evidence only grows, and each row names the entry of the log that holds its digest. Rows of earlier versions name none. */
export const evidenceInLogMigration = `
ALTER TABLE evidence ADD COLUMN entry_id text;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse();

CREATE OR REPLACE FUNCTION record_evidence(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT is_done(p->'entry') THEN
    INSERT INTO evidence (control, release, environment, body, at_ms, entry_id)
    SELECT e->>'control', e->>'release', e->>'environment', e->>'body', (e->>'atMs')::bigint, p->'entry'->>'id'
    FROM jsonb_array_elements(p->'evidence') WITH ORDINALITY AS x (e, n) ORDER BY n;
    PERFORM append_entry(p->'entry');
  END IF;
  RETURN 'true';
END $$;
`
