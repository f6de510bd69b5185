/** A clock that was ahead for a while claimed a tick that nobody reaches for hours; who comes with the right time takes it over. */
export const ticksMigration = `
CREATE OR REPLACE FUNCTION claim_tick(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ticks AS t (name, at_ms) VALUES (p->>'name', (p->>'atMs')::bigint)
  ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms
  WHERE t.at_ms < excluded.at_ms OR t.at_ms > excluded.at_ms + 300000;
  RETURN to_jsonb(FOUND);
END $$;
`
