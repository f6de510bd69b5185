/**
 * Spans, their rollups and imported runs stand in a file of their own: whoever writes a file holds its one write lock, and makes every
 * other connection forget what it has read of it. An action must not wait for spans.
 */
export const tracesApartMigration = `
DROP TABLE rollups;
DROP TABLE rollup_groups;
DROP TABLE span_blocks;
DROP TABLE spans;
DROP TABLE span_block_counts;
DROP TABLE imported_actions;
DROP TABLE imported_tasks;
DROP TABLE imports;
`
