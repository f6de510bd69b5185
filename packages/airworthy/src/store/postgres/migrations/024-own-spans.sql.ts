/**
 * What the kit says of an action or a task takes the place of what an agent sent under that id. Of spans of the same origin the first
 * counts, as before.
 */

const columns = `parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes, resource, details, reading, source,
      agent, received_ms`

const given = `s->>0, s->>1, s->>2, s->>3, s->>4, (s->>5)::numeric, (s->>6)::numeric, s->>7, s->>8, s->>9, s->>10, s->>11, s->>12,
      p->>'source', p->>'agent', (s->>13)::bigint`

export const ownSpansMigration = `
CREATE OR REPLACE FUNCTION keep_spans(p jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  kept jsonb;
BEGIN
  BEGIN
    INSERT INTO spans (trace_id, span_id, ${columns})
    SELECT ${given} FROM jsonb_array_elements(p->'spans') AS s;
    RETURN (SELECT coalesce(jsonb_agg(n), '[]') FROM generate_series(0, jsonb_array_length(p->'spans') - 1) AS n);
  EXCEPTION WHEN unique_violation THEN
    NULL;
  END;
  WITH given AS (
    SELECT s, n - 1 AS place FROM jsonb_array_elements(p->'spans') WITH ORDINALITY AS a (s, n)
  ), made AS (
    INSERT INTO spans AS known (trace_id, span_id, ${columns})
    SELECT ${given} FROM given ORDER BY place
    ON CONFLICT (trace_id, span_id) DO UPDATE SET (${columns}) = (${columns.replaceAll(/\w+/g, 'excluded.$&')})
      WHERE known.source = 'otlp' AND excluded.source = 'kit'
    RETURNING trace_id, span_id
  )
  SELECT coalesce(jsonb_agg(g.place), '[]') INTO kept FROM given g JOIN made m ON m.trace_id = g.s->>0 AND m.span_id = g.s->>1;
  RETURN kept;
END $$;
`
