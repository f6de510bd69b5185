/** What OTLP says of a span besides its columns, and whose key sent it and when: a span that an agent sends is a claim of its own. */
export const receivedSpansMigration = `
ALTER TABLE spans ADD COLUMN details TEXT;
ALTER TABLE spans ADD COLUMN agent TEXT;
ALTER TABLE spans ADD COLUMN received_ms INTEGER;
`
