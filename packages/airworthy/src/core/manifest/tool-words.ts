/**
 * What the words of a tool's name say about its effect. Names are hints: they can make a tool look riskier than declared, never milder.
 */
import type { JsonObject } from '../json.ts'

/** Verbs that undo nothing: they destroy, or move money or code for good. As the base verb they count wherever they stand. */
const destroying =
  'delete remove destroy purge wipe erase truncate terminate revoke uninstall discard overwrite reset shred expunge obliterate nuke unpublish decommission evict kick ban kill abort'
/** These are nouns as well (a refund, a merge): behind a reading verb, as in `get_refund`, they are what is read. */
const settling =
  'refund pay transfer merge close deploy charge cancel drop wire withdraw void deactivate disable suspend dismiss archive rollback reimburse payout disburse remit purchase buy checkout settle liquidate forfeit expire detach lock shutdown stop finalize promote release rotate'
/** Other forms of these words that no ending explains. */
const forms: Readonly<Record<string, string>> = {
  deletion: 'delete',
  del: 'delete',
  rm: 'remove',
  rmdir: 'remove',
  unlink: 'remove',
  removal: 'remove',
  destruction: 'destroy',
  destructive: 'destroy',
  termination: 'terminate',
  revocation: 'revoke',
  payment: 'pay',
  paid: 'pay',
  deployment: 'deploy',
  cancellation: 'cancel',
  cancelled: 'cancel',
  cancelling: 'cancel',
  closure: 'close',
  withdrawal: 'withdraw',
  withdrawn: 'withdraw',
  deactivation: 'deactivate',
  reimbursement: 'reimburse',
  disbursement: 'disburse',
  dropped: 'drop',
  dropping: 'drop',
  banned: 'ban',
  undeploy: 'deploy',
  redeploy: 'deploy',
  prepay: 'pay',
  repay: 'pay',
  chargeback: 'charge',
  bought: 'buy',
  stopped: 'stop',
}
const destroyingWords = new Set(destroying.split(' '))
const settlingWords = new Set(settling.split(' '))
const readingWords = new Set(
  'get list read search find show view fetch describe lookup query count check retrieve browse inspect explain preview status download export compare diff validate verify calculate estimate summarize analyze whoami head peek'.split(
    ' ',
  ),
)

/** The words of a name in lower case: `closeAccount`, `close_account`, `HTTPDelete2` are split at case, sign and digit. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
}

/** Is the first word one that only looks? A server may still lie. */
export function readsByName(name: string): boolean {
  const first = wordsOf(name)[0]
  return first !== undefined && readingWords.has(first)
}

/** Why a tool looks irreversible, as half a sentence; undefined when neither its name nor its annotations say so. */
export function destructiveLook(name: string, annotations?: JsonObject): string | undefined {
  if (annotations?.destructiveHint === true) return 'its server marks it as destructive (destructiveHint)'
  const reads = readsByName(name)
  for (const word of wordsOf(name)) {
    if (destroyingWords.has(word)) return `its name says "${word}"`
    if (reads) continue
    const base = baseOf(word)
    if (base !== undefined) return `its name says "${word}"`
  }
  return undefined
}

function baseOf(word: string): string | undefined {
  const candidates = [word, forms[word] ?? '', ...endings(word)]
  return candidates.find(
    (candidate) => destroyingWords.has(candidate) || settlingWords.has(candidate) || forms[candidate] !== undefined,
  )
}

function endings(word: string): readonly string[] {
  const stems = [
    word.replace(/s$/, ''),
    word.replace(/es$/, ''),
    word.replace(/e?d$/, ''),
    word.replace(/ing$/, ''),
    word.replace(/(er|or)$/, ''),
  ]
  return stems.filter((stem) => stem !== word && stem.length >= 2).flatMap((stem) => [stem, `${stem}e`])
}
