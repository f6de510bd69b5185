/**
 * Tool definitions in the shapes that programs keep them in: an AI SDK record of tools, an array, OpenAI's or Anthropic's list, Docker's
 * registry of MCP servers. All become MCP's form. Schemas may be JSON Schema, the AI SDK's wrapper, or any library that gives its JSON Schema by itself.
 */
import { z } from 'zod'
import { isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../../core/json.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

/** As long as `upstream_name` may be. */
const nameLengthMax = 256
const jsonTypes: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object'])

export interface ReadTools {
  readonly tools: readonly McpTool[]
  /** Tools that cannot be used, and why. */
  readonly refused: readonly { readonly name: string; readonly why: string }[]
}

/** Reads whatever shape `value` has; undefined when it holds no tools at all. */
export async function toolDefinitionsOf(value: unknown): Promise<ReadTools | undefined> {
  const entries = entriesOf(value)
  if (entries === undefined) return undefined
  const tools: McpTool[] = []
  const refused: { name: string; why: string }[] = []
  for (const [name, entry] of entries) {
    const read = await readTool(name, entry)
    if (typeof read === 'string') refused.push({ name: name || '(without a name)', why: read })
    else tools.push(read)
  }
  const usable = usableTools(tools)
  return { tools: usable.tools, refused: [...refused, ...usable.refused] }
}

/** Leaves out what no manifest could name: a second tool of the same name, keys that reach an object's prototype, depth beyond the limit. */
export function usableTools(found: readonly McpTool[]): ReadTools {
  const tools = new Map<string, McpTool>()
  const refused: { name: string; why: string }[] = []
  for (const tool of found) {
    const fault = nameFault(tool.name) ?? jsonFault({ [tool.name]: tool as unknown as JsonValue })
    if (fault !== undefined) refused.push({ name: tool.name.slice(0, 128), why: fault })
    else if (tools.has(tool.name))
      refused.push({ name: tool.name, why: 'another tool has the same name; the first is kept' })
    else tools.set(tool.name, tool)
  }
  return { tools: [...tools.values()], refused }
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'it has no name'
  return name.length > nameLengthMax ? `its name is longer than ${nameLengthMax} characters` : undefined
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((entry) => [nameOf(entry), entry])
  if (typeof value !== 'object' || value === null) return undefined
  const inner = (value as { tools?: unknown }).tools
  // `{ tools: [...] }` is how MCP's tools/list and many files wrap their list.
  if (Array.isArray(inner)) return inner.map((entry) => [nameOf(entry), entry])
  const entries = Object.entries(value)
  return entries.length > 0 &&
    entries.every(([, entry]) => typeof entry === 'object' && entry !== null && schemaOf(entry) !== undefined)
    ? entries
    : undefined
}

function nameOf(entry: unknown): string {
  const own = functionOf(entry) as { name?: unknown } | undefined
  return typeof own?.name === 'string' ? own.name : ''
}

/** OpenAI's chat format keeps the tool one level deeper. */
function functionOf(entry: unknown): object | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const inner = (entry as { function?: unknown }).function
  return typeof inner === 'object' && inner !== null ? inner : entry
}

function schemaOf(entry: object): unknown {
  const own = functionOf(entry) as Record<string, unknown>
  return own.inputSchema ?? own.input_schema ?? own.parameters ?? schemaOfArguments(own.arguments)
}

/** Docker's registry lists arguments (`{name, type, desc, optional}`) in place of a schema. */
function schemaOfArguments(listed: unknown): JsonObject | undefined {
  if (!Array.isArray(listed)) return undefined
  const named = listed.filter(
    (each): each is JsonObject & { name: string } => isJsonObject(each) && typeof each.name === 'string',
  )
  const properties = named.map(({ name, type, desc }): [string, JsonObject] => [
    name,
    {
      ...(typeof type === 'string' && jsonTypes.has(type) && { type }),
      ...(typeof desc === 'string' && { description: desc }),
    },
  ])
  const required = named.filter(({ optional }) => optional !== true).map(({ name }) => name)
  return { type: 'object', properties: Object.fromEntries(properties), required }
}

async function readTool(name: string, entry: unknown): Promise<McpTool | string> {
  if (name === '') return 'it has no name'
  const own = functionOf(entry)
  if (own === undefined) return 'it is not an object'
  const { description, title, annotations, outputSchema } = own as Record<string, unknown>
  const written = schemaOf(own)
  // A function without parameters takes none.
  const inputSchema =
    written === undefined || written === null ? { type: 'object', properties: {} } : await jsonSchemaOf(written)
  if (inputSchema === undefined)
    return 'its schema has no JSON Schema form (zod 4, a Standard Schema with JSON Schema, jsonSchema() and plain JSON Schema do)'
  const output = outputSchema === undefined ? undefined : await jsonSchemaOf(outputSchema)
  return {
    name,
    ...(typeof title === 'string' && { title }),
    ...(typeof description === 'string' && { description }),
    inputSchema,
    ...(output !== undefined && { outputSchema: output }),
    ...(isJsonObject(annotations) && { annotations }),
  }
}

async function jsonSchemaOf(schema: unknown): Promise<JsonObject | undefined> {
  const isCallable = typeof schema === 'function'
  if ((typeof schema !== 'object' && !isCallable) || schema === null) return undefined
  try {
    const object = schema as Record<string, unknown>
    const standard = object['~standard'] as { jsonSchema?: { input?: (options: object) => unknown } } | undefined
    if (typeof standard?.jsonSchema?.input === 'function')
      return plain(standard.jsonSchema.input({ target: 'draft-2020-12' }))
    if (object._zod !== undefined) return plain(z.toJSONSchema(schema as z.ZodType, { io: 'input' }))
    if (object.jsonSchema !== undefined) return plain(await object.jsonSchema)
    // Anything else with a validator inside is a library that does not tell its schema.
    if (standard !== undefined || object._def !== undefined || isCallable) return undefined
    return plain(schema)
  } catch {
    return undefined
  }
}

/** As JSON would carry it: what the digest is taken over. */
function plain(schema: unknown): JsonObject | undefined {
  const value: unknown = valueOfJson(JSON.stringify(schema))
  if (!isJsonObject(value)) return undefined
  const { $schema: _dialect, ...rest } = value
  return rest
}
