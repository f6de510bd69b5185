/**
 * Sessions of the older era (2025-11-25 and before). A session id is a sealed note of what was negotiated, so any gateway with the
 * same key understands it and none keeps a table. It opens nothing: each request is authenticated by its own credential.
 */
import { randomUUID } from 'node:crypto'
import { seal, unseal } from './seal.ts'

export interface Session {
  readonly id: string
  /** The door it was opened at: `<agent>` or `<agent>/<server>`. */
  readonly door: string
  readonly protocolVersion: string
}

const purpose = 'airworthy/mcp-session/1'
/** Sessions that were ended by their client; the oldest is forgotten beyond this many. */
const endedMax = 10_000

export interface Sessions {
  open(door: string, protocolVersion: string): Session
  /** Undefined for an id that is not ours, was ended, or belongs to another door. */
  find(id: string, door: string): Session | undefined
  end(session: Session): void
}

export function createSessions(key: Uint8Array): Sessions {
  const ended = new Set<string>()
  return {
    open(door, protocolVersion) {
      const id = seal(key, purpose, { door, version: protocolVersion, nonce: randomUUID() })
      return { id, door, protocolVersion }
    },
    find(id, door) {
      const note = unseal(key, purpose, id)
      if (note === undefined || note.door !== door || typeof note.version !== 'string' || ended.has(id))
        return undefined
      return { id, door, protocolVersion: note.version }
    },
    end(session) {
      ended.add(session.id)
      if (ended.size > endedMax) for (const oldest of ended) return void ended.delete(oldest)
    },
  }
}
