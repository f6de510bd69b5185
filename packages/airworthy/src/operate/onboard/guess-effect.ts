/**
 * Guesses what a tool does from its name, its arguments and its server's annotations. These are hints: each can only raise the risk, so a
 * server that calls `delete_file` read-only is not believed. Only a name that says so, against which nothing speaks, is a read.
 */
import type { Effect, Reach } from '../../core/action.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { destructiveLook, readsByName, wordsOf } from '../../core/manifest/tool-words.ts'

export interface Guess {
  readonly effect: Effect
  readonly reach: Reach
  /** Half a sentence each, never text of the server's. */
  readonly effectReason: string
  readonly reachReason: string
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))
/** What they do reaches people or runs code: nobody can call it back. */
const outward = words(
  'send email mail sms tweet post publish notify message reply forward broadcast share invite call dial fax submit order book reserve trade bid vote sign execute exec run eval invoke trigger dispatch launch shell bash command script sql',
)
/** Verbs whose object leaves the house. */
const reaching = words(
  'send email mail sms tweet post publish notify reply forward broadcast share invite call dial fax upload submit',
)
/** Changes that a second call can usually undo. */
const changing = words(
  'create update set add write insert upsert put patch edit modify change append assign unassign move rename upload import enable activate approve reject star unstar fork request subscribe unsubscribe mark label tag comment save store register schedule sync replace configure grant copy attach link restore manage adjust increment toggle pin lock unlock open reopen start pause resume commit push',
)
/** These are verbs in whatever place; the others of `changing` are nouns as well (`get_label`). */
const alwaysChanging = words('create insert upsert write append modify manage')
const joining = words('and or then')
/** Reading verbs that may stand last: `issue_read`, `sites_get`. */
const readingLast = words('read get search describe retrieve fetch')
/** Arguments whose text is carried out. */
const carriedOut = words('sql command script code shell cmd')

export function guessTool(tool: McpTool): Guess {
  return { ...guessEffect(tool), ...guessReach(tool) }
}

function guessEffect(tool: McpTool): Pick<Guess, 'effect' | 'effectReason'> {
  const { name, annotations, inputSchema } = tool
  const irreversible = (effectReason: string): Pick<Guess, 'effect' | 'effectReason'> => ({
    effect: 'irreversible',
    effectReason,
  })
  const look = destructiveLook(name, annotations)
  if (look !== undefined) return irreversible(look)

  const all = wordsOf(name)
  const reads = looksReading(all, annotations)
  if (!reads) {
    const word = all.find((each) => outward.has(each))
    if (word !== undefined) return irreversible(`its name says "${word}", and what is done so cannot be called back`)
  }
  const argument = Object.keys(isJsonObject(inputSchema.properties) ? inputSchema.properties : {}).find((each) =>
    wordsOf(each).some((word) => carriedOut.has(word)),
  )
  if (argument !== undefined && annotations?.readOnlyHint !== true)
    return irreversible('it carries out what an argument says')

  const change = all.find((each, index) =>
    reads ? alwaysChanging.has(each) || (changing.has(each) && joining.has(all[index - 1] ?? '')) : changing.has(each),
  )
  if (change !== undefined) return { effect: 'write', effectReason: `its name says "${change}"` }
  if (reads && annotations?.readOnlyHint === false) {
    return {
      effect: 'write',
      effectReason: 'its name says that it reads, but its server says that it does not (readOnlyHint)',
    }
  }
  if (reads) return { effect: 'read', effectReason: 'its name says that it reads, and nothing speaks against it' }
  if (annotations?.readOnlyHint === true)
    return irreversible('its server says that it only reads, but its name does not')
  return irreversible('nothing says that it can be undone')
}

function looksReading(all: readonly string[], annotations: JsonObject | undefined): boolean {
  const last = all.at(-1) ?? ''
  if (readsByName(all.join('_')) || readingLast.has(last)) return true
  // `list` in last place is a noun as often as a verb; then its server must say the same.
  return last === 'list' && annotations?.readOnlyHint === true
}

/** Nothing that a server says makes a tool internal; that is for people to decide. */
function guessReach(tool: McpTool): Pick<Guess, 'reach' | 'reachReason'> {
  if (tool.annotations?.openWorldHint === true)
    return { reach: 'external', reachReason: 'its server says that it reaches the open world' }
  const word = readsByName(tool.name) ? undefined : wordsOf(tool.name).find((each) => reaching.has(each))
  if (word !== undefined) return { reach: 'external', reachReason: `its name says "${word}"` }
  return { reach: 'external', reachReason: 'nothing says that it stays in the house' }
}

const ranks = { irreversible: 0, write: 1, read: 2 } as const

/** Riskiest first, then by name. */
export function byRisk(left: { name: string; effect: Effect }, right: { name: string; effect: Effect }): number {
  return ranks[left.effect] - ranks[right.effect] || (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)
}
