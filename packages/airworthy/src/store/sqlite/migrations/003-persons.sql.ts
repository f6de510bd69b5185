/** The principal that a person's key belongs to, and the held actions that each sweep looks at. */
export const personsMigration = `
ALTER TABLE credentials ADD COLUMN principal TEXT;
CREATE INDEX actions_held ON actions (approval_id) WHERE state = 'held';
`
