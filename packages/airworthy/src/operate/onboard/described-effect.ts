/**
 * What a tool's description says that it does beyond looking. A description is the server's own text, so it is believed only where it speaks
 * against the server: it can make a read doubtful, and never makes anything milder.
 */

export interface DescribedEffect {
  /** One of the words below, never other text of the server's. */
  readonly word: string
  /** It executes what it is given, so nothing is known of the effect. */
  readonly isCarriedOut: boolean
}

const words = (text: string): readonly string[] => text.split(' ')
const carryingOut = words('execute run')
/** Verbs whose forms are hardly ever nouns: they count behind "and" as well. */
const plainVerbs = words(
  'save write execute send delete remove create insert modify overwrite persist publish submit append apply invoke launch register',
)
/** Those whose forms are nouns as often (`list all triggers`): they count only where a sentence begins with them. */
const alsoNouns = words('trigger store update start post upload record mark change run')
/** Words behind which a verb goes on: `fetch the users and save them`. */
const joining = new Set(words('and then or also automatically'))

const thirdPerson = (verb: string): string =>
  verb === 'modify' || verb === 'apply' ? `${verb.slice(0, -1)}ies` : verb.endsWith('sh') ? `${verb}es` : `${verb}s`
const always = new Map(
  [...plainVerbs, ...alsoNouns].flatMap((verb) => [[verb, verb] as const, [thirdPerson(verb), verb] as const]),
)
const behindJoining = new Set(plainVerbs.flatMap((verb) => [verb, thirdPerson(verb)]))

/** Descriptions can be long; what a tool does stands at their beginning. */
const charactersMax = 4_000

/**
 * The first verb of change in a description. The imperative ("Execute a query") counts in the first sentence alone, because later ones speak to the caller ("Create
 * a ticket first"); the third person ("Automatically saves to a file") counts everywhere. Pure.
 */
export function describedEffect(description: string): DescribedEffect | undefined {
  const sentences = description.slice(0, charactersMax).split(/[.!?:;]\s|\n/)
  for (const [position, sentence] of sentences.entries()) {
    const all = sentence.toLowerCase().match(/[a-z]+/g) ?? []
    for (const [index, word] of all.entries()) {
      const verb = always.get(word)
      if (verb === undefined || (position > 0 && word === verb)) continue
      if (index === 0 || (joining.has(all[index - 1] ?? '') && behindJoining.has(word))) {
        return { word, isCarriedOut: carryingOut.includes(verb) }
      }
    }
  }
  return undefined
}
