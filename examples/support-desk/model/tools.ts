/** The tools on offer as the model understands them: by their names, descriptions and schemas alone. */
import { nameWords, stemOf, stemsOf, verbGroups } from './language/words.ts'
import type { FunctionTool } from './wire.ts'

export interface Tool {
  readonly name: string
  /** Stem of the first word of the name. */
  readonly verb: string
  /** Stems of the other words of the name. */
  readonly nouns: readonly string[]
  readonly reads: boolean
  readonly descriptionStems: ReadonlySet<string>
  readonly parameters: readonly Parameter[]
}

export interface Parameter {
  readonly name: string
  readonly required: boolean
  readonly stems: readonly string[]
  readonly description: string
  readonly role: Role
  readonly choices?: readonly string[]
  readonly numeric: boolean
  readonly lengthMax?: number
  readonly pattern?: RegExp
}

/** What a parameter is for, as its name and description tell. */
type Role =
  | { readonly is: 'id'; readonly noun: string }
  | { readonly is: 'key' } // one text that finds a record: an address, an id or a name
  | { readonly is: 'query' } // words to search for
  | {
      readonly is:
        | 'email'
        | 'phone'
        | 'address'
        | 'name'
        | 'account'
        | 'amount'
        | 'count'
        | 'date'
        | 'choice'
        | 'flag'
        | 'other'
    }
  | { readonly is: 'subject' | 'reason' | 'text' }

export function toolsOf(offered: readonly FunctionTool[]): Tool[] {
  return offered.map(({ function: { name, description = '', parameters = {} } }) => {
    const [verb = '', ...nouns] = nameWords(name).map(stemOf)
    const properties = Object.entries((parameters.properties ?? {}) as Record<string, Record<string, unknown>>)
    const required = Array.isArray(parameters.required) ? (parameters.required as string[]) : []
    return {
      name,
      verb,
      nouns,
      reads: verbGroups(verb).has('read'),
      descriptionStems: new Set(stemsOf(description)),
      parameters: properties.map(([key, schema]) => parameterOf(key, schema, required.includes(key))),
    }
  })
}

/** Stems of the nouns that have ids: "order" where some tool takes an `order_id`. */
export function idNouns(tools: readonly Tool[]): ReadonlySet<string> {
  const roles = tools.flatMap(({ parameters }) => parameters.map(({ role }) => role))
  return new Set(roles.flatMap((role) => (role.is === 'id' && role.noun !== '' ? [role.noun] : [])))
}

function parameterOf(name: string, schema: Record<string, unknown>, required: boolean): Parameter {
  const words = nameWords(name)
  const description = typeof schema.description === 'string' ? schema.description : ''
  const choices = Array.isArray(schema.enum) ? schema.enum.filter((value) => typeof value === 'string') : undefined
  const numeric = schema.type === 'number' || schema.type === 'integer'
  const pattern = typeof schema.pattern === 'string' ? patternOf(schema.pattern) : undefined
  return {
    name,
    required,
    stems: words.map(stemOf),
    description,
    role: roleOf(
      words.map((word) => word.toLowerCase()),
      description.toLowerCase(),
      { numeric, choices, type: schema.type },
    ),
    numeric,
    ...(choices !== undefined && { choices }),
    ...(typeof schema.maxLength === 'number' && { lengthMax: schema.maxLength }),
    ...(pattern !== undefined && { pattern }),
  }
}

interface Shape {
  readonly numeric: boolean
  readonly choices: readonly string[] | undefined
  readonly type: unknown
}

function roleOf(words: readonly string[], description: string, { numeric, choices, type }: Shape): Role {
  const last = words.at(-1) ?? ''
  const has = (...wanted: string[]): boolean => wanted.some((word) => words.includes(word))
  if (choices !== undefined) return { is: 'choice' }
  if (type === 'boolean') return { is: 'flag' }
  if (numeric) return { is: has('amount', 'total', 'price', 'sum', 'value') ? 'amount' : 'count' }
  if (last === 'id' || last === 'number' || last === 'identifier') {
    const noun = words.slice(0, -1).at(-1) ?? /\b(?:id|number) of (?:the |a |an )?(\w+)/.exec(description)?.[1] ?? ''
    if (!['phone', 'telephone', 'account', 'iban'].includes(noun))
      return { is: 'id', noun: noun === '' ? '' : stemOf(noun) }
  }
  if (has('query', 'search', 'q', 'term', 'keywords', 'key', 'identifier')) {
    return { is: /\b(?:e-?mail|name|id)\b/.test(description) ? 'key' : 'query' }
  }
  if (has('account', 'iban')) return { is: 'account' }
  if (has('to', 'recipient', 'email', 'mail', 'cc', 'mailbox')) return { is: 'email' }
  if (has('phone', 'telephone', 'mobile')) return { is: 'phone' }
  if (has('address', 'street')) return { is: 'address' }
  if (has('subject', 'title', 'topic', 'headline', 'summary')) return { is: 'subject' }
  if (has('reason', 'why', 'cause', 'justification')) return { is: 'reason' }
  if (has('body', 'text', 'note', 'message', 'content', 'comment', 'description', 'details', 'reply'))
    return { is: 'text' }
  if (last === 'name') return { is: 'name' }
  if (has('date', 'day', 'on', 'since', 'until')) return { is: 'date' }
  return { is: 'other' }
}

/** A schema's pattern, when it is short enough to be tried without worry. */
function patternOf(source: string): RegExp | undefined {
  if (source.length > 80) return undefined
  try {
    return new RegExp(source, 'u')
  } catch {
    return undefined
  }
}
