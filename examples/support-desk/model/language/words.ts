/** General English: word stems, words that mean the same, and which verbs ask for what. Nothing here knows any product or world. */

/** The bare form of a word, crude but the same for all its forms: refund, refunds, refunded, refunding. */
export function stemOf(word: string): string {
  let stem = word
    .toLowerCase()
    .replace(/^e-?mail/, 'email')
    .replace(/['’]s?$/, '')
  if (stem.length > 4) stem = stem.replace(/(ies|ied)$/, 'y').replace(/(ing|ed)$/, '')
  if (!/(ss|us|is)$/.test(stem) && stem.length > 3) stem = stem.replace(/s$/, '')
  stem = stem.replace(/([bcdfgklmnprtz])\1$/, '$1')
  if (stem.length > 4) stem = stem.replace(/e$/, '')
  return meaningOf.get(stem) ?? stem
}

/** Words of a text, lower case, without punctuation; "e-mail" is one word. */
export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []
}

/** An "e-mail address" is no postal one. */
export function plainEmail(text: string): string {
  return text.replace(/\be-?mail address(?:es)?\b/gi, 'email')
}

export function stemsOf(text: string): string[] {
  return wordsOf(text).map(stemOf)
}

/** `snake_case`, `kebab-case` and `camelCase` names as words. */
export function nameWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_\-./]+/)
    .filter((word) => word !== '')
}

/** The first of each row stands for the others, in stemmed form. */
const sameMeaning: readonly (readonly string[])[] = [
  ['email', 'mail'],
  ['customer', 'client', 'buyer', 'shopper'],
  ['order', 'purchas'],
  ['ticket', 'case'],
  ['account', 'profil'],
  ['articl', 'faq', 'guid'],
  ['note', 'comment', 'remark', 'annotation'],
  ['phon', 'telephon', 'mobil'],
  ['total', 'cost', 'sum'],
  ['refund', 'reimburs', 'reimbursement', 'repay', 'repayment'],
  ['summary', 'summaris', 'summariz', 'sum-up', 'recap', 'digest'],
  ['high', 'urgent', 'urgency', 'critical', 'top'],
  ['solv', 'resolv', 'done', 'fix'],
  ['human', 'person', 'colleagu', 'supervisor', 'manager'],
  ['last', 'latest', 'newest', 'recent'],
  ['first', 'oldest', 'earliest'],
]
const meaningOf: ReadonlyMap<string, string> = new Map(
  sameMeaning.flatMap(([first, ...others]) => others.map((other) => [other, first as string] as const)),
)

/** What a verb asks for. A verb may ask for several things; a tool's own verb is read by the same table. */
const verbs: Readonly<Record<string, string>> = {
  read: 'get show tell give check look lookup find fetch read see view display search list review retrieve summarise summary explain describe query inspect know verify confirm',
  create: 'create open file raise log make register start place',
  update: 'update change set edit modify correct mark move adjust amend switch lower increase bump replace rename',
  add: 'add append leave write put attach record post note',
  send: 'send tell let email mail forward message notify inform reply answer contact write transmit deliver',
  close: 'close delete terminate deactivate remove shut erase cancel',
  cancel: 'cancel stop abort revoke void',
  pay: 'refund reimburse repay issue pay credit grant compensate',
  escalate: 'escalate assign hand pass refer',
  handle: 'handle resolve process deal solve work follow settle sort address',
  run: 'call use run invoke execute trigger',
}
const groupsOfVerb = new Map<string, Set<string>>()
for (const [group, list] of Object.entries(verbs)) {
  for (const verb of list.split(' ')) {
    const stem = stemOf(verb)
    groupsOfVerb.set(stem, (groupsOfVerb.get(stem) ?? new Set()).add(group))
  }
}

/** What the verb (a stem) asks for; empty for words that are no known verbs. */
export function verbGroups(stem: string): ReadonlySet<string> {
  return groupsOfVerb.get(stem) ?? new Set()
}

/** Verbs that say little by themselves: "make a refund" is to refund. */
export const lightVerbs: ReadonlySet<string> = new Set(
  [
    'make',
    'do',
    'give',
    'place',
    'process',
    'issue',
    'perform',
    'initiate',
    'start',
    'create',
    'trigger',
    'grant',
    'arrange',
  ].map(stemOf),
)

/** Whether two words name one state of things: a closed ticket is a solved one. */
export function sameState(one: string, other: string): boolean {
  return one === other || (endings.has(one) && endings.has(other))
}
const endings: ReadonlySet<string> = new Set(['close', 'solve', 'complete', 'finish', 'shut'].map(stemOf))

/** Verbs that say "by e-mail" without naming it. */
export const writingVerbs: ReadonlySet<string> = new Set(
  ['email', 'reply', 'answer', 'notify', 'inform', 'contact', 'messag'].map(stemOf),
)

const stop =
  'a an the of to for on in at by with from and or but is are was were be been it its this that these those their his her them him my our your you we i me us as if so do does did has have had can could would will shall may might must should not no any all please also then now there here about into up out what which who when where why how than'
export const stopWords: ReadonlySet<string> = new Set(stop.split(' '))
export const stopStems: ReadonlySet<string> = new Set([...stopWords].map(stemOf))
