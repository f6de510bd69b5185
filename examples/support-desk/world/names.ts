/** Names and ids built from syllables, so that none of them is a word that anybody could have written down before. */
import type { Random } from './random.ts'

const onsets = [
  'b',
  'br',
  'd',
  'dr',
  'f',
  'g',
  'gr',
  'h',
  'k',
  'l',
  'm',
  'n',
  'p',
  'r',
  's',
  'st',
  't',
  'tr',
  'v',
  'w',
  'z',
] as const
const vowels = ['a', 'e', 'i', 'o', 'u', 'ae', 'ia'] as const
const codas = ['', '', 'l', 'm', 'n', 'r', 's', 'k', 'nd', 'th'] as const
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ'

/** A lower-case invented word of that many syllables. */
export function inventWord(random: Random, syllables: number): string {
  let word = ''
  for (let index = 0; index < syllables; index++) word += random.pick(onsets) + random.pick(vowels)
  return word + random.pick(codas)
}

/** The same with a capital letter. */
export function inventName(random: Random, syllables: number): string {
  const word = inventWord(random, syllables)
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** Two capital letters that are not among those taken: what the ids of one kind of record begin with in this world. */
export function inventPrefix(random: Random, taken: Set<string>): string {
  for (;;) {
    const prefix =
      letters.charAt(random.integer(0, letters.length - 1)) + letters.charAt(random.integer(0, letters.length - 1))
    if (taken.has(prefix)) continue
    taken.add(prefix)
    return prefix
  }
}

/** An account number of German length with correct check digits (ISO 13616). */
export function inventAccount(random: Random): string {
  let digits = ''
  for (let index = 0; index < 18; index++) digits += random.integer(0, 9)
  // D is 13 and E is 14 in ISO 7064; the check digits make the whole, moved to the end, leave 1 over 97.
  let rest = 0
  for (const digit of `${digits}131400`) rest = (rest * 10 + Number(digit)) % 97
  return `DE${String(98 - rest).padStart(2, '0')}${digits}`
}
