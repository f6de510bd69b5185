/**
 * Guesses what a tool does from its name, its arguments, its description and its server's annotations. These are hints: each can only raise
 * the risk, so a server that calls `delete_file` read-only is not believed. Only a name that says so, against which nothing speaks, is a read.
 */
import type { Effect, Reach } from '../../core/action.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { destructiveLook, readsByName, wordsOf } from '../../core/manifest/tool-words.ts'
import { type DescribedEffect, describedEffect } from './described-effect.ts'

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
  'send tweet publish notify forward broadcast invite submit place execute exec run eval invoke dispatch launch',
)
/** The same, but nouns as well (`create_email_domain`): they count in first place. */
const outwardFirst = words(
  'email mail sms message reply post call dial fax share trigger order book reserve sign vote bid trade shell bash command script sql',
)
/** Verbs whose object leaves the house. */
const reaching = words(
  'send email mail sms tweet post publish notify reply forward broadcast share invite call dial fax upload submit',
)
/** Changes that a second call can usually undo. */
const changing = words(
  'create update add write insert upsert put patch edit modify append assign unassign rename upload import enable activate approve reject unstar unsubscribe replace configure manage adjust increment reopen',
)
/** The same, but nouns as well (`pull_request_read`): they count in first place. */
const changingFirst = words(
  'set star fork request subscribe mark label tag comment save store register schedule sync grant copy attach link pin open start pause resume commit push move change toggle unlock',
)
/** Those that count even behind a reading verb; others do where a word joins them (`find_and_update`). */
const alwaysChanging = words('create insert upsert write append modify')
const joining = words('and or then')
/** Verbs that are no nouns: they read wherever they stand, unless something else speaks against it. */
const readingAnywhere = words('get retrieve describe')
/** Reading verbs that may stand last: `issue_read`. */
const readingLast = words('read search fetch')
/** They begin like a look, but start the check that they name, or leave a file behind. */
const doubtfulFirst = words('verify export download')
/** `output_path`, `save_to_file`: an argument that says where a file is left. */
const leaving = words('output save destination target out dest')
const places = words('path file filename dir directory folder')
/** Arguments whose text is carried out. */
const carriedOut = words('sql command script code shell cmd')

export function guessTool(tool: McpTool): Guess {
  return { ...guessEffect(tool), ...guessReach(tool) }
}

function guessEffect(tool: McpTool): Pick<Guess, 'effect' | 'effectReason'> {
  const { name, annotations } = tool
  const irreversible = (effectReason: string): Pick<Guess, 'effect' | 'effectReason'> => ({
    effect: 'irreversible',
    effectReason,
  })
  const look = destructiveLook(name, annotations)
  if (look !== undefined) return irreversible(look)

  const all = wordsOf(name)
  const readsFirst = readsByName(name)
  const sent = readsFirst
    ? undefined
    : all.find((each, index) => outward.has(each) || (index === 0 && outwardFirst.has(each)))
  if (sent !== undefined) return irreversible(`its name says "${sent}", and what is done so cannot be called back`)
  const argument = argumentsOf(tool).find((each) => wordsOf(each).some((word) => carriedOut.has(word)))
  if (argument !== undefined) return irreversible('it carries out what an argument says')
  const change = readsFirst
    ? all.find((each, index) => alwaysChanging.has(each) || (changing.has(each) && joining.has(all[index - 1] ?? '')))
    : all.find((each, index) => changing.has(each) || (index === 0 && changingFirst.has(each)))
  const described = describedEffect(tool.description ?? '')
  if (described?.isCarriedOut === true)
    return irreversible(`its description says "${described.word}": it carries out what it is given`)
  if (change !== undefined) return { effect: 'write', effectReason: `its name says "${change}"` }

  const reads = readsFirst || saysReading(all, annotations)
  if (reads && annotations?.readOnlyHint === false) {
    const effectReason = 'its name says that it reads, but its server says that it does not (readOnlyHint)'
    return { effect: 'write', effectReason }
  }
  if (reads) {
    const nothing = {
      effect: 'read',
      effectReason: 'its name says that it reads, and nothing speaks against it',
    } as const
    return doubtOf(tool, described) ?? nothing
  }
  if (annotations?.readOnlyHint === true) {
    return irreversible('its server says that it only reads, but its name does not')
  }
  return irreversible('nothing says that it can be undone')
}

/** What speaks against a name that reads; undefined when nothing does. */
function doubtOf(
  tool: McpTool,
  described: DescribedEffect | undefined,
): Pick<Guess, 'effect' | 'effectReason'> | undefined {
  if (described !== undefined) return { effect: 'write', effectReason: `its description says "${described.word}"` }
  const first = wordsOf(tool.name)[0] ?? ''
  if (doubtfulFirst.has(first)) {
    return { effect: 'write', effectReason: `its name says "${first}", which may start or store something` }
  }
  const leaves = argumentsOf(tool).some((argument) => {
    const all = wordsOf(argument)
    return all.some((word) => leaving.has(word)) && all.some((word) => places.has(word))
  })
  return leaves ? { effect: 'write', effectReason: 'an argument says where it leaves a file' } : undefined
}

function argumentsOf(tool: McpTool): readonly string[] {
  return Object.keys(isJsonObject(tool.inputSchema.properties) ? tool.inputSchema.properties : {})
}

function saysReading(all: readonly string[], annotations: JsonObject | undefined): boolean {
  const last = all.at(-1) ?? ''
  if (readingLast.has(last) || all.some((word) => readingAnywhere.has(word))) return true
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
