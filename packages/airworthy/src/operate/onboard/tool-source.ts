/** `--from`: a server's address, a program's tools (`tools.ts#tools`), a JSON list of tools, or a JSON file with `mcpServers`. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AirworthyError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../core/json.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { toolDefinitionsOf } from './tool-definitions.ts'

const jsonBytesMax = 16 * 1024 * 1024

export type ToolSource =
  /** Entries of `mcpServers`, as they will stand in the manifest. */
  | { readonly kind: 'servers'; readonly servers: Readonly<Record<string, JsonObject>> }
  | {
      readonly kind: 'caller'
      readonly tools: readonly McpTool[]
      readonly refused: readonly { readonly name: string; readonly why: string }[]
    }

/** Reads one source. A program file is imported, so it runs. @throws TOOL_SOURCE_INVALID */
export async function readToolSource(from: string, folder: string): Promise<ToolSource> {
  if (/^https?:\/\//.test(from)) {
    if (!URL.canParse(from)) throw invalid(from, 'it is not an address')
    return { kind: 'servers', servers: { [serverNameOf(new URL(from))]: { url: from } } }
  }
  const [file, name = 'tools'] = from.split('#') as [string, string?]
  const path = resolve(folder, file)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw invalid(from, `there is no file ${file}`)
  const value = /\.json$/i.test(file) ? readJson(from, path) : await importValue(from, path, name)
  if (isJsonObject(value) && isJsonObject(value.mcpServers)) {
    const entries = Object.entries(value.mcpServers).filter((entry): entry is [string, JsonObject] =>
      isJsonObject(entry[1]),
    )
    return {
      kind: 'servers',
      servers: Object.fromEntries(entries.map(([key, server]) => [serverKey(key), serverEntry(server)])),
    }
  }
  const read = await toolDefinitionsOf(value)
  if (read === undefined)
    throw invalid(from, 'it holds no tools: neither a record of tools, nor a list, nor mcpServers')
  return { kind: 'caller', ...read }
}

/** What may stand as a server's name in the manifest. */
function serverKey(name: string): string {
  const key = name
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
  return key === '' ? 'server' : key
}

/** How the server is reached. Whatever else a client's file says (`alwaysAllow` and the like) is for that client, and not taken over. */
function serverEntry(server: JsonObject): JsonObject {
  const kept = ['url', 'command', 'args', 'env', 'headers', 'cwd'].filter((key) => server[key] !== undefined)
  return Object.fromEntries(kept.map((key) => [key, server[key]!]))
}

/** A name for a server from its address: the last part of the host that says something. */
function serverNameOf(url: URL): string {
  const label = url.hostname.split('.').find((part) => !['www', 'mcp', 'api', ''].includes(part) && !/^\d+$/.test(part))
  return label === undefined || label === 'localhost' || url.hostname.startsWith('[')
    ? 'tools'
    : label.replaceAll(/[^A-Za-z0-9_-]/g, '-')
}

function readJson(from: string, path: string): unknown {
  try {
    return parseJson(readFileSync(path, 'utf8'), { bytesMax: jsonBytesMax })
  } catch (error) {
    throw invalid(from, (error as Error).message.replace(/\.$/, ''), error)
  }
}

async function importValue(from: string, path: string, name: string): Promise<unknown> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (error) {
    throw invalid(from, `it cannot be imported (${(error as Error).message.split('\n')[0]})`, error)
  }
  if (Object.hasOwn(module, name)) return module[name]
  const names = Object.keys(module)
  throw invalid(
    from,
    `it exports no "${name}"${names.length === 0 ? '' : `; it exports ${names.slice(0, 20).join(', ')}`}`,
  )
}

function invalid(from: string, why: string, cause?: unknown): AirworthyError {
  const message = `No tools can be read from ${from}: ${why}.`
  const mend =
    'Name a server (http://...), an export (tools.ts#tools), a JSON list of tools, or a JSON file with mcpServers.'
  return new AirworthyError({ code: 'TOOL_SOURCE_INVALID', message, mend }, { cause })
}
