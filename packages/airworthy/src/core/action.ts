/** An action: one request to execute a tool with arguments, and what became of it. */

export type Effect = 'read' | 'write' | 'irreversible'
export type Reach = 'internal' | 'external'
export type DataClass = 'pii' | 'secret' | 'regulated'

export const dataClasses: readonly DataClass[] = ['pii', 'secret', 'regulated']

/**
 * The states of the ledger. `intended` means: allowed and recorded, the effect may or may not have happened yet.
 * held -> intended | denied; intended -> succeeded | failed | ambiguous; ambiguous -> succeeded | failed.
 */
export type ActionState = 'held' | 'intended' | 'succeeded' | 'failed' | 'ambiguous' | 'denied'

/** The door an action came through; part of its audit entry. */
export type Door = 'mcp' | 'api' | 'embedded' | 'probe' | 'approval' | 'model'
