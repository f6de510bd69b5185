/** `Mcp-Param-*` headers repeat arguments for machines on the way (SEP-2243). Nobody here reads them, and a false one is refused. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { decodeHeader, mismatch } from './classify.ts'

const prefix = 'mcp-param-'
const decimal = /^-?\d+(\.\d+)?$/

/** @throws RpcError MCP_HEADER_MISMATCH when a header that the schema declares disagrees with the argument. */
export function checkParamHeaders(headers: Headers, schema: JsonObject, given: JsonObject): void {
  for (const [declared, path] of knownDeclarationsOf(schema)) {
    const name = `${prefix}${declared}`
    const value = headers.get(name)
    if (value === null) continue
    const argument = path.reduce<JsonValue | undefined>(
      (node, key) => (isJsonObject(node) ? node[key] : undefined),
      given,
    )
    const decoded = decodeHeader(value)
    if (decoded === undefined || !isSame(decoded, argument)) throw mismatch(name, 'the argument is another')
  }
}

/** The same schema without the declarations: through this gateway nothing needs to be repeated in headers. */
export function withoutDeclarations(schema: JsonObject): JsonObject {
  if (!JSON.stringify(schema).includes('"x-mcp-header"')) return schema
  const { 'x-mcp-header': _, ...rest } = schema
  const { properties } = rest
  if (!isJsonObject(properties)) return rest
  const kept = Object.entries(properties).map(([key, value]) => [
    key,
    isJsonObject(value) ? withoutDeclarations(value) : value,
  ])
  return { ...rest, properties: Object.fromEntries(kept) as JsonObject }
}

/** By schema: a manifest's schemas do not change, and most declare nothing. */
const declarations = new WeakMap<JsonObject, ReadonlyMap<string, readonly string[]>>()

function knownDeclarationsOf(schema: JsonObject): ReadonlyMap<string, readonly string[]> {
  let known = declarations.get(schema)
  if (known === undefined) {
    known = declarationsOf(schema)
    declarations.set(schema, known)
  }
  return known
}

/** What no header can be named is left out: it cannot be sent either. */
const headerName = /^[\w!#$%&'*+.^`|~-]+$/

function declarationsOf(
  schema: JsonObject,
  path: readonly string[] = [],
  found = new Map<string, readonly string[]>(),
): Map<string, readonly string[]> {
  const { properties } = schema
  if (!isJsonObject(properties)) return found
  for (const [key, value] of Object.entries(properties)) {
    if (!isJsonObject(value)) continue
    const header = value['x-mcp-header']
    if (typeof header === 'string' && headerName.test(header)) found.set(header.toLowerCase(), [...path, key])
    declarationsOf(value, [...path, key], found)
  }
  return found
}

function isSame(header: string, argument: JsonValue | undefined): boolean {
  if (typeof argument === 'number') return decimal.test(header) && Number(header) === argument
  return argument !== undefined && argument !== null && header === String(argument)
}
