/**
 * The documents in what a retrieval brought: where each came from, and whether the principal's filter lets it through. The retriever
 * was given that filter; this is the second look, at what came back. Pure.
 *
 * A result is read from its structured content, or from its one text when that is JSON. The documents are the list under
 * `documents`, else the only list of objects in it (one level deep, so `{articles: [...]}` is one), else it is a list itself.
 */
import { canonicalJson } from '../core/canonical.ts'
import { sha256Hex } from '../core/hash.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'

/** One document, as the spans and the log speak of it. What the retriever left out is absent. */
export interface RetrievedDocument {
  readonly uri?: string
  readonly version?: string
  /** Of its text as the kit saw it, or, where it has none, of the whole document as canonical JSON. */
  readonly sha256: string
  readonly chunk?: string
  readonly indexRevision?: string
  readonly score?: number
  /** `unverified`: it does not say whose it is. `dropped`: it is somebody else's. */
  readonly access: 'allowed' | 'dropped' | 'unverified'
}

export interface AccessFilter {
  /** The argument that the guard set, and the attribute that each document carries. */
  readonly attribute: string
  readonly value: JsonValue
}

export interface ReadDocuments {
  /** Undefined: the result holds no list that could be read as documents. */
  readonly documents: readonly RetrievedDocument[] | undefined
  /** The result without what was dropped; the same value when nothing was. */
  readonly result: JsonObject
}

/** @param filter  undefined: the retrieval is not filtered, and every document is allowed. Never throws. */
export function readDocuments(result: JsonObject, filter: AccessFilter | undefined): ReadDocuments {
  const structured = structuredOf(result)
  const place = structured === undefined ? undefined : listIn(structured)
  if (structured === undefined || place === undefined) return { documents: undefined, result }
  const beside = place.beside
  const documents = place.list.map((item) => documentOf(item, beside, filter))
  if (documents.every(({ access }) => access !== 'dropped')) return { documents, result }
  const kept = place.list.filter((_, index) => documents[index]?.access !== 'dropped')
  const cleared = place.rebuild(kept)
  // Texts usually repeat the structured content; what cannot be filtered is not shown.
  const { content: _, structuredContent, ...rest } = result
  return {
    documents,
    result: {
      ...rest,
      content: [{ type: 'text', text: JSON.stringify(cleared) }],
      ...(structuredContent === undefined ? {} : { structuredContent: cleared }),
    },
  }
}

function structuredOf({ structuredContent, content }: JsonObject): JsonValue | undefined {
  if (structuredContent !== undefined) return structuredContent
  const [only, ...others] = Array.isArray(content) ? (content as readonly JsonValue[]) : []
  if (others.length > 0 || !isJsonObject(only) || typeof only.text !== 'string') return undefined
  try {
    return valueOfJson(only.text) as JsonValue
  } catch {
    return undefined
  }
}

interface Place {
  readonly list: readonly JsonObject[]
  /** Members beside the list; an index may say its revision once for all. */
  readonly beside: JsonObject
  rebuild(list: readonly JsonObject[]): JsonValue
}

function listIn(value: JsonValue, depth = 0): Place | undefined {
  if (isDocumentList(value)) return { list: value, beside: {}, rebuild: (list) => [...list] }
  if (!isJsonObject(value)) return undefined
  const names = Object.keys(value).filter((name) => isDocumentList(value[name]))
  const name = names.includes('documents') ? 'documents' : names.length === 1 ? names[0] : undefined
  if (name !== undefined) {
    const { [name]: list, ...beside } = value
    return {
      list: list as readonly JsonObject[],
      beside,
      // In its own place, so that what is shown reads as it came.
      rebuild: (kept) =>
        Object.fromEntries(Object.entries(value).map(([key, one]) => [key, key === name ? [...kept] : one])),
    }
  }
  // What the SDK wraps: `{value: {...}}`.
  const inner =
    names.length === 0 && depth === 0 && Object.keys(value).length === 1 ? Object.entries(value)[0] : undefined
  const place = inner === undefined ? undefined : listIn(inner[1], 1)
  if (inner === undefined || place === undefined) return undefined
  return { ...place, rebuild: (kept) => ({ [inner[0]]: place.rebuild(kept) }) }
}

function isDocumentList(value: JsonValue | undefined): value is JsonObject[] {
  return Array.isArray(value) && (value as readonly JsonValue[]).every(isJsonObject)
}

const wordCharactersMax = 2_048

function documentOf(item: JsonObject, beside: JsonObject, filter: AccessFilter | undefined): RetrievedDocument {
  const metadata = isJsonObject(item.metadata) ? item.metadata : {}
  const wordOf = (value: JsonValue | undefined): string | undefined =>
    typeof value === 'number' || (typeof value === 'string' && value !== '')
      ? String(value).slice(0, wordCharactersMax)
      : undefined
  const field = (name: string): string | undefined => wordOf(item[name]) ?? wordOf(metadata[name])
  const [uri, version, chunk] = [field('uri'), field('version'), field('chunk')]
  const indexRevision = field('index_revision') ?? wordOf(beside.index_revision)
  const score = [item.score, metadata.score].find((one) => typeof one === 'number')
  const text = [item.text, item.content, item.body, item.excerpt].find((one) => typeof one === 'string')
  return {
    ...(uri === undefined ? {} : { uri }),
    ...(version === undefined ? {} : { version }),
    sha256: sha256Hex(typeof text === 'string' ? text : canonicalJson(item)),
    ...(chunk === undefined ? {} : { chunk }),
    ...(indexRevision === undefined ? {} : { indexRevision }),
    ...(typeof score === 'number' ? { score } : {}),
    access: accessOf(item[filter?.attribute ?? ''] ?? metadata[filter?.attribute ?? ''], filter),
  }
}

function accessOf(value: JsonValue | undefined, filter: AccessFilter | undefined): RetrievedDocument['access'] {
  if (filter === undefined) return 'allowed'
  if (value === undefined || value === null) return 'unverified'
  // Whoever may see several things carries a list of them; a document of any of these is allowed.
  const allowed = Array.isArray(filter.value) ? (filter.value as readonly JsonValue[]) : [filter.value]
  const own = Array.isArray(value) ? (value as readonly JsonValue[]) : [value]
  return own.some((one) => allowed.includes(one)) ? 'allowed' : 'dropped'
}

/** What OBS-2 asks of each document, by the names of the spans' attribute; empty: nothing is missing. */
export function missingProvenance(document: JsonObject): readonly string[] {
  const isThere: Readonly<Record<string, boolean>> = {
    uri: isWord(document.uri),
    version: isWord(document.version),
    sha256: typeof document.sha256 === 'string' && /^[0-9a-f]{64}$/.test(document.sha256),
    chunk: isWord(document.chunk),
    index_revision: isWord(document.index_revision),
    score: typeof document.score === 'number',
    access: document.access === 'allowed' || document.access === 'dropped',
  }
  return Object.keys(isThere).filter((name) => isThere[name] !== true)
}

function isWord(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && value !== ''
}
