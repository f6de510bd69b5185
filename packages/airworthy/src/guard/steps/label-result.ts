/**
 * Step 14: classes and trust of what came back; redacted or pseudonymized before the model sees it. The facts it learns are
 * appended by step 13's act, so it is computed just before that act and shown just after.
 */
import { type DataClass, dataClasses } from '../../core/action.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { labelsOf } from '../../data/labels.ts'
import { fingerprintsOf } from '../../data/provenance.ts'
import { pseudonymizeValue } from '../../data/pseudonyms.ts'
import { redactClasses, redactFully } from '../../data/redact.ts'
import type { Guard } from '../guard.ts'
import type { ErrorText, FactBody } from '../port.ts'
import type { TaskState } from '../task-state.ts'

export interface LabelledResult {
  /** What the model may see. */
  readonly shown: JsonObject
  readonly facts: readonly FactBody[]
}

/** What is asked of a tool here; of one that the manifest has dropped since, its name and no trust. */
export type ResultSource = Pick<EffectiveTool, 'name' | 'data'>

/** @param add  `no-pseudonyms`: what would get a pseudonym is redacted instead, so that the facts hold none. */
export function labelResult(
  guard: Guard,
  state: TaskState,
  tool: ResultSource,
  result: JsonObject,
  add: 'pseudonyms' | 'no-pseudonyms' = 'pseudonyms',
): LabelledResult {
  const { data } = guard.manifest
  const isError = result.isError === true
  const own = isError ? [] : ownFieldsOf(tool, result)
  const source = [
    ...sourceFact(guard, tool.name, own, true),
    ...sourceFact(guard, tool.name, contentOf(result), tool.data.trusted && !isError),
  ]
  if (guard.mode === 'observe') return { shown: result, facts: source }
  const classes = labelsOf(result, data).classes
  const pseudonymized = add === 'pseudonyms' ? classes.filter((one) => data[one].beforeModel === 'pseudonymize') : []
  const redacted = classes.filter((one) => data[one].beforeModel !== 'allow' && !pseudonymized.includes(one))
  // A result cannot be held for approval, so `block` here shows nothing of the class: the same as redaction.
  let shown: JsonValue = redacted.length > 0 ? redactClasses(result, data, redacted) : result
  const facts: FactBody[] = [...source]
  if (pseudonymized.length > 0) {
    const replaced = pseudonymizeValue(shown, data, pseudonymized, state.pseudonyms)
    shown = replaced.value
    for (const added of replaced.added) facts.push({ kind: 'pseudonym', ...added })
  }
  return { shown: isJsonObject(shown) ? shown : {}, facts }
}

const errorCharactersMax = 4_000
const errorShownCharactersMax = 1_000

/** The words of a tool, its server or a reporter about a failure: shown like a result, though without pseudonyms, and a source like one. */
export function labelErrorText(
  guard: Guard,
  tool: ResultSource,
  words: string,
): { readonly errorText: ErrorText; readonly facts: readonly FactBody[] } {
  const text = words.toWellFormed().slice(0, errorCharactersMax)
  const shown = guard.mode === 'observe' ? text : redactFully(text, guard.manifest.data, hiddenClasses(guard))
  return {
    errorText: { text, shown: shown.slice(0, errorShownCharactersMax) },
    // A server's errors quote what it was sent, and what others sent it: nobody vouches for them.
    facts: sourceFact(guard, tool.name, text, false),
  }
}

/** What a tool tells before its result. It is nobody's result, so nothing in it gets a pseudonym. @throws JSON_INVALID beyond 64 levels */
export function redactedForModel(guard: Guard, told: JsonObject): JsonObject {
  return guard.mode === 'observe'
    ? told
    : (redactClasses(told, guard.manifest.data, hiddenClasses(guard)) as JsonObject)
}

function hiddenClasses({ manifest }: Guard): readonly DataClass[] {
  return dataClasses.filter((one) => manifest.data[one].beforeModel !== 'allow')
}

function sourceFact(guard: Guard, source: string, content: JsonValue, trusted: boolean): readonly FactBody[] {
  const values = fingerprintsOf(content, guard.fingerprintKey, trusted)
  return values.length === 0 ? [] : [{ kind: 'source', source, trusted, values }]
}

/**
 * What the server itself fills in a result whose texts are somebody else's. It comes before these texts, so that an id which they name
 * too is the server's.
 */
function ownFieldsOf({ data }: ResultSource, { structuredContent }: JsonObject): readonly JsonValue[] {
  if (data.trusted || structuredContent === undefined) return []
  return (data.trustedFields ?? []).flatMap((pointer) => leavesAt(structuredContent, pointer.split('/').slice(1)))
}

/** Strings and numbers at a JSON Pointer in which `*` is every member of a list. */
function leavesAt(value: JsonValue | undefined, [segment, ...rest]: readonly string[]): readonly JsonValue[] {
  if (segment === undefined) return typeof value === 'string' || typeof value === 'number' ? [value] : []
  if (Array.isArray(value)) {
    const members = value as readonly JsonValue[]
    if (segment === '*') return members.flatMap((member) => leavesAt(member, rest))
    return /^\d{1,6}$/.test(segment) ? leavesAt(members[Number(segment)], rest) : []
  }
  const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
  return isJsonObject(value) && Object.hasOwn(value, key) ? leavesAt(value[key], rest) : []
}

/**
 * Everything of a CallToolResult that a model may read: names, descriptions, links, annotations and unknown members as well as
 * texts. Left out are the protocol's own words and long base64, in which nobody reads a value.
 */
function contentOf({ content, structuredContent, isError: _, ...rest }: JsonObject): JsonValue {
  const blocks = Array.isArray(content) ? (content as readonly JsonValue[]).map(blockContentOf) : (content ?? null)
  return [structuredContent ?? null, blocks, ...membersOf(rest)]
}

function blockContentOf(block: JsonValue): JsonValue {
  if (!isJsonObject(block)) return block
  const { resource, ...rest } = block
  return [...(resource === undefined ? [] : [blockContentOf(resource)]), ...membersOf(rest)]
}

/** A flat list, so that nothing is nested deeper than it came; a name in which an address can stand is listed too. */
function membersOf(object: JsonObject): JsonValue[] {
  const members: JsonValue[] = []
  for (const key of Object.keys(object)) {
    const value = object[key] as JsonValue
    if (isEnvelope(key, value)) continue
    if (!plainName.test(key)) members.push(key)
    members.push(value)
  }
  return members
}

const plainName = /^[A-Za-z_]{1,32}$/
const blockTypes: ReadonlySet<JsonValue> = new Set(['text', 'image', 'audio', 'resource', 'resource_link'])
const mediaType =
  /^(?:text|image|audio|video|application|font|model|multipart)\/[\w.+-]{1,80}(?:; ?charset=[\w-]{1,20})?$/i
const longBase64 = /^[A-Za-z0-9+/_-]{512,}={0,2}$/

/** By value as well as by name: whoever writes an address where a type belongs has written an address. */
function isEnvelope(key: string, value: JsonValue): boolean {
  switch (key) {
    case 'type':
      return blockTypes.has(value)
    case 'mimeType':
      return typeof value === 'string' && mediaType.test(value)
    case 'data':
    case 'blob':
      return typeof value === 'string' && longBase64.test(value)
    default:
      return false
  }
}
