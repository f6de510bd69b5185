/**
 * `airworthy.lock`: what was found when somebody looked at the tools. It is JSON in one canonical layout, so that a review reads its
 * diff, and it carries its own digests, so that an edit by hand is seen. Nothing here says what the agent may do.
 */
import { type Digest, digestOf } from '../digest.ts'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonValue, parseJson } from '../json.ts'
import { definitionDigestOf, type McpTool } from './definition-digest.ts'

export const lockBytesMax = 16 * 1024 * 1024
export const toolsMax = 2000

interface LockedTool extends McpTool {
  readonly digest: Digest
}

export interface LockedServer {
  /** What the server said of itself; absent for tools that the caller runs. */
  readonly server?: { readonly name: string; readonly version: string }
  readonly tools: Readonly<Record<string, LockedTool>>
}

export interface Lock {
  readonly version: 1
  readonly servers: Readonly<Record<string, LockedServer>>
  /** Tools that the caller runs itself, found in its code (`tools.ts#tools`). */
  readonly caller?: LockedServer
  /** Over everything else in the file. */
  readonly digest: Digest
}

export interface FoundServer {
  readonly server?: { readonly name: string; readonly version: string }
  readonly tools: readonly McpTool[]
}

/** A lock of what was found. When two tools of one server share a name, the later one counts. */
export function buildLock(found: { servers: Readonly<Record<string, FoundServer>>; caller?: FoundServer }): Lock {
  const servers = Object.fromEntries(
    Object.entries(found.servers).map(([name, server]) => [name, lockedServer(server)]),
  )
  const content = { version: 1 as const, servers, ...(found.caller && { caller: lockedServer(found.caller) }) }
  return { ...content, digest: digestOf(content) }
}

/** The text of the file: keys in order, two spaces, a last line feed. `parseLock` reads it back to an equal value. */
export function lockText(lock: Lock): string {
  return `${JSON.stringify(ordered(lock as unknown as JsonValue), null, 2)}\n`
}

/** Reads a lock and recomputes every digest in it. Never throws; a lock with faults is not given. */
export function parseLock(text: string, file = 'airworthy.lock'): { lock?: Lock; faults: readonly Fault[] } {
  let value: JsonValue
  try {
    value = parseJson(text, { bytesMax: lockBytesMax })
  } catch (error) {
    return { faults: [unreadable(file, (error as Error).message)] }
  }
  const why = formFault(value)
  if (why !== undefined) return { faults: [unreadable(file, why)] }
  const lock = value as unknown as Lock
  const faults: Fault[] = []
  for (const [path, server] of lockedServers(lock)) {
    for (const [name, tool] of Object.entries(server.tools)) {
      if (tool.digest !== definitionDigestOf(tool)) {
        faults.push(mismatch(file, `${path}.tools.${name}`, `The definition of "${name}" does not match its digest.`))
      }
    }
  }
  const { digest, ...content } = lock
  if (faults.length === 0 && digest !== digestOf(content))
    faults.push(mismatch(file, 'digest', 'The file does not match its digest.'))
  return faults.length === 0 ? { lock, faults } : { faults }
}

/** Every place with tools, as `servers.<name>` or `caller`. */
export function lockedServers(lock: Lock): readonly (readonly [path: string, server: LockedServer])[] {
  const servers = Object.entries(lock.servers).map(([name, server]): [string, LockedServer] => [
    `servers.${name}`,
    server,
  ])
  return lock.caller === undefined ? servers : [...servers, ['caller', lock.caller]]
}

function lockedServer(found: FoundServer): LockedServer {
  return {
    ...(found.server && { server: { name: found.server.name, version: found.server.version } }),
    tools: Object.fromEntries(found.tools.map((tool) => [tool.name, lockedTool(tool)])),
  }
}

/** Only what the digest covers is kept: icons, `_meta` and the like may change freely. */
function lockedTool(tool: McpTool): LockedTool {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations }),
    digest: definitionDigestOf(tool),
  }
}

function formFault(value: JsonValue): string | undefined {
  if (!isJsonObject(value) || value.version !== 1) return 'It has no "version": 1.'
  if (typeof value.digest !== 'string') return 'It has no digest.'
  if (!isJsonObject(value.servers)) return 'It has no "servers".'
  const places = Object.entries(value.servers).map(([name, server]): [string, JsonValue] => [`servers.${name}`, server])
  if (value.caller !== undefined) places.push(['caller', value.caller])
  let count = 0
  for (const [path, server] of places) {
    if (!isJsonObject(server) || !isJsonObject(server.tools)) return `"${path}" has no "tools".`
    for (const [name, tool] of Object.entries(server.tools)) {
      if (
        !isJsonObject(tool) ||
        tool.name !== name ||
        !isJsonObject(tool.inputSchema) ||
        typeof tool.digest !== 'string'
      ) {
        return `"${path}.tools.${name}" is not a tool definition.`
      }
    }
    count += Object.keys(server.tools).length
  }
  return count > 10 * toolsMax ? `It holds ${count} tools; the limit is ${10 * toolsMax}.` : undefined
}

function unreadable(file: string, why: string): Fault {
  const message = `${file} cannot be read: ${why}`
  return { code: 'LOCK_INVALID', message, mend: 'Run `airworthy lock` to write it anew.', file }
}

function mismatch(file: string, path: string, message: string): Fault {
  const mend = 'Restore the file from version control, or run `airworthy lock` to look at the tools again.'
  return { code: 'LOCK_DIGEST_MISMATCH', message: `${message} It was changed by hand or cut short.`, mend, file, path }
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key]!)]),
  )
}
