/** What does not fit the written form, as faults with places: one for each unknown key, missing key and wrong value. */
import { z } from 'zod'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { didYouMean } from './closest-name.ts'
import { manifestShape, type WrittenManifest } from './manifest-shape.ts'
import { type Path, pathText, valueAt, type YamlReading } from './read-yaml.ts'

export interface CheckedShape {
  /** What fits; in spite of faults it holds the rest, so that later checks can add theirs. Undefined when nothing can be kept. */
  readonly manifest?: WrittenManifest
  readonly faults: readonly Fault[]
  /** Paths with a fault of form; what later checks say about these, or what depends on them, is not to be trusted. */
  readonly faulty: readonly Path[]
}

/** Each round takes out what the one before found; a manifest that is still wrong then is wrong at its root. */
const roundsMax = 10

/** The manifest's value against the written form. Never throws. */
export function checkShape(reading: YamlReading, file: string): CheckedShape {
  const first = manifestShape.safeParse(reading.value)
  if (first.success) return { manifest: first.data, faults: [], faulty: [] }
  const faulty = first.error.issues.flatMap(pathsOf)
  // Where the YAML itself was refused, its value is a stand-in: one fault is enough.
  const refused = new Set(reading.faults.map((fault) => fault.path))
  const faults = first.error.issues
    .flatMap((issue) => faultsOf(issue, reading, file))
    .filter((fault) => fault.path === undefined || !refused.has(fault.path))
  let issues = first.error.issues
  const rest: JsonValue = structuredClone(reading.value)
  for (let round = 0; round < roundsMax && isJsonObject(rest); round++) {
    for (const path of issues.flatMap(pathsOf)) prune(rest, path)
    const again = manifestShape.safeParse(rest)
    if (again.success) return { manifest: again.data, faults, faulty }
    issues = again.error.issues
  }
  return { faults, faulty }
}

function pathsOf(issue: z.core.$ZodIssue): readonly Path[] {
  const path = issue.path as Path
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

/** Takes out what stands at a path; when nothing does (a key is missing), its parent. Lists go as a whole, so that places stay true. */
function prune(value: JsonObject, path: Path): void {
  if (path[0] === 'agent') {
    Object.assign(value, { agent: 'unnamed' })
    return
  }
  const list = path.findIndex((key) => typeof key === 'number')
  const whole = list < 0 ? path : path.slice(0, list)
  const target = valueAt(value, whole) === undefined ? whole.slice(0, -1) : whole
  const parent = valueAt(value, target.slice(0, -1))
  const key = target.at(-1)
  if (isJsonObject(parent) && key !== undefined) delete (parent as Record<string, JsonValue>)[key]
}

function faultsOf(issue: z.core.$ZodIssue, reading: YamlReading, file: string): readonly Fault[] {
  const path = issue.path as Path
  const place = (at: Path, part: 'key' | 'value') => ({
    file,
    ...reading.placeOf(at, part),
    ...(at.length === 0 ? {} : { path: pathText(at) }),
  })
  const subject = path.length === 0 ? 'The manifest' : `"${pathText(path)}"`

  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map((key) => ({
      code: 'MANIFEST_KEY_UNKNOWN' as const,
      message: `${path.length === 0 ? 'The manifest' : subject} has no key "${key}".${didYouMean(key, known)}`,
      mend: `Correct or remove it; known here: ${known.join(', ')}.`,
      ...place([...path, key], 'key'),
    }))
  }
  if (issue.code === 'invalid_key') {
    const message = `"${String(path.at(-1))}" ${issue.issues[0]?.message ?? 'is not a name that may stand here'}.`
    return [{ code: 'MANIFEST_VALUE_INVALID', message, mend: 'Correct the name.', ...place(path, 'key') }]
  }
  const value = valueAt(reading.value, path)
  if (value === undefined) {
    return [
      {
        code: 'MANIFEST_KEY_MISSING',
        message: `${subject} is missing.`,
        mend: `Add ${subject}.`,
        ...place(path, 'key'),
      },
    ]
  }
  return [{ code: 'MANIFEST_VALUE_INVALID', ...sentences(issue, subject, value), ...place(path, 'value') }]
}

function sentences(issue: z.core.$ZodIssue, subject: string, value: JsonValue): { message: string; mend: string } {
  if (issue.code === 'invalid_type') {
    const quotes = issue.expected === 'string' && typeof value === 'number' ? ' Put it in quotes.' : ''
    return {
      message: `${subject} must be ${kindName(issue.expected)}, and is ${kindOf(value)}.`,
      mend: `Write ${kindName(issue.expected)} here.${quotes}`,
    }
  }
  if (issue.code === 'invalid_value') {
    const options = issue.values.map(String)
    // `version: "1"` differs from 1 by its kind alone.
    const isOtherKind = typeof value === 'string' && options.includes(value)
    const guess = isOtherKind
      ? ` It is ${kindOf(value)}: take the quotes away.`
      : typeof value === 'string'
        ? didYouMean(value, options)
        : ''
    return {
      message: `${subject} must be ${options.length === 1 ? options[0] : `one of ${options.join(', ')}`}.${guess}`,
      mend: options.length === 1 ? `Write ${options[0]}.` : 'Use one of these.',
    }
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const least = issue.code === 'too_small'
    const bound = least ? issue.minimum : issue.maximum
    const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
    const inclusive = issue.inclusive === false ? (least ? 'more than' : 'less than') : least ? 'at least' : 'at most'
    return {
      message: `${subject} must ${unit === '' ? 'be' : 'have'} ${inclusive} ${bound}${unit}.`,
      mend: 'Change it to fit.',
    }
  }
  return { message: `${subject} ${issue.message}.`, mend: 'Write it in that form.' }
}

function kindName(expected: string): string {
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
  }
  return names[expected] ?? `a ${expected}`
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    boolean: 'true or false',
    object: 'a mapping',
  }
  return names[typeof value]!
}

/** The keys that the shape knows at a path. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = manifestShape
  for (const key of path) {
    schema = unwrapped(schema)
    if (schema instanceof z.ZodObject) schema = schema.shape[key as string]
    else if (schema instanceof z.ZodRecord) schema = schema.valueType
    else if (schema instanceof z.ZodArray) schema = schema.element
    else return []
  }
  schema = unwrapped(schema)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema
}
