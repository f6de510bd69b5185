/** Arguments against each tool's effective schema. Validators are compiled at first use and kept for the life of a release. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { argumentsBytesMax, isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../core/json.ts'
import type { EffectiveTool } from '../core/manifest/effective.ts'
import { seeksBegin } from '../core/manifest/linear-pattern.ts'

export interface ArgumentFault {
  /** JSON Pointer into the arguments. */
  readonly path: string
  /** Says what is wrong without repeating the value. */
  readonly message: string
}

export interface ArgumentValidator {
  /** The first fault, or undefined. Never throws for any JSON value. */
  check(tool: EffectiveTool, value: JsonValue): ArgumentFault | undefined
}

export function argumentValidator(): ArgumentValidator {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    ownProperties: true,
    validateFormats: true,
    code: { regExp: engine },
  })
  ;(addFormats as unknown as (instance: Ajv2020) => void)(ajv)
  const visits = { left: 0 }
  ajv.addKeyword({
    keyword: visitKeyword,
    errors: false,
    validate: () => {
      if (visits.left-- === 0) throw new TooCostly('they are nested in more ways than can be checked')
      return true
    },
  })
  const compiled = new Map<string, ValidateFunction>()

  const validatorOf = (tool: EffectiveTool): ValidateFunction => {
    const known = compiled.get(tool.name)
    if (known !== undefined) return known
    const validate = ajv.compile(withVisits(tool.inputSchema) as JsonObject)
    compiled.set(tool.name, validate)
    return validate
  }

  return {
    check(tool, value) {
      if (!isJsonObject(value)) return { path: '', message: 'the arguments are not an object' }
      const unfit = jsonFault(value)
      if (unfit !== undefined) return { path: '', message: unfit }
      if (Buffer.byteLength(JSON.stringify(value)) > argumentsBytesMax) {
        return { path: '', message: `the arguments are larger than ${argumentsBytesMax} bytes` }
      }
      const unsafe = unsafeInteger(value, '')
      if (unsafe !== undefined)
        return { path: unsafe, message: 'an integer beyond 2^53 cannot be carried exactly; send it as text' }
      let validate: ValidateFunction
      try {
        validate = validatorOf(tool)
        visits.left = visitsMax
        if (validate(value)) return undefined
      } catch (error) {
        if (error instanceof TooCostly) return { path: '', message: error.message }
        // A few mixtures of keywords make the library itself throw; what cannot be checked is refused.
        return { path: '', message: "they cannot be checked against the tool's schema" }
      }
      const [error] = validate.errors ?? []
      const extra = error?.params?.additionalProperty ?? error?.params?.unevaluatedProperty
      return {
        path: error?.instancePath ?? '',
        message: `${error?.message ?? 'the arguments do not fit the schema'}${extra === undefined ? '' : ` (${String(extra).slice(0, 64)})`}`,
      }
    },
  }
}

/** A pattern that is tried from every place of a text is held against no longer one: at this length it takes some milliseconds. */
const soughtCharactersMax = 4_096

/** What a check would take longer for than a guard may stand still; the sentence goes to the agent. */
class TooCostly extends Error {}

class BoundedPattern extends RegExp {
  private readonly isBounded: boolean

  constructor(pattern: string, flags: string) {
    super(pattern, flags)
    this.isBounded = seeksBegin(pattern)
  }

  override test(text: string): boolean {
    if (this.isBounded && text.length > soughtCharactersMax) {
      throw new TooCostly(
        `a text is longer than ${soughtCharactersMax} characters, and its pattern in the tool's schema does not begin with ^`,
      )
    }
    return super.test(text)
  }
}

const engine = Object.assign((pattern: string, flags: string) => new BoundedPattern(pattern, flags), {
  code: 'new RegExp',
})

/**
 * How often a check follows the references that are left in a schema, which are those that lead back to themselves. Where two branches
 * of a choice both do, as `and` and `or` of a filter, each level of the arguments doubles the work: 30 of them would take hours.
 */
const visitsMax = 100_000
const visitKeyword = 'airworthy-visit'
/** Members that hold data, in which nothing is a schema, and those whose own members are schemas by any name. */
const dataKeywords: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])
const mapKeywords: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas'])

/** The schema with each reference counted before it is followed. */
function withVisits(schema: JsonValue, isMap = false): JsonValue {
  if (Array.isArray(schema)) return schema.map((one) => withVisits(one))
  if (!isJsonObject(schema)) return schema
  const counted = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      !isMap && dataKeywords.has(key) ? value : withVisits(value, !isMap && mapKeywords.has(key)),
    ]),
  )
  return !isMap && typeof schema.$ref === 'string' ? { allOf: [{ [visitKeyword]: true }, counted] } : counted
}

function unsafeInteger(value: JsonValue | JsonObject, path: string): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const key of Object.keys(value)) {
    const found = unsafeInteger((value as JsonObject)[key] as JsonValue, `${path}/${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
