/**
 * Patterns of servers and manifests run in a backtracking engine, on text that a model wrote. Only those pass whose engine never has a
 * choice: at every place at most one way to go on matches the next character (a one-unambiguous expression, by Glushkov's
 * construction). From one place matching is then linear; a pattern that may begin anywhere is tried from every place (`seeksBegin`).
 */

/** Repetitions are unfolded; beyond this many places a pattern is refused. */
const placesMax = 2_000
const patternLengthMax = 1_000

/** Why a pattern may not run; undefined when it may. Never throws. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > patternLengthMax) return `it is longer than ${patternLengthMax} characters`
  try {
    new RegExp(pattern, 'u')
  } catch {
    return 'it is not a regular expression'
  }
  try {
    const reader = new PatternReader(pattern)
    const whole = reader.alternatives()
    return reader.ambiguity(whole)
  } catch (error) {
    if (error instanceof Unsupported) return error.message
    throw error
  }
}

/**
 * Whether a pattern that may run can take a time that grows with the square of a text: it is not held to the text's beginning, and
 * something stands behind an open repetition, as in `a+b`, which reads to the last `a` from each of them. Says yes when in doubt. Pure.
 */
export function seeksBegin(pattern: string): boolean {
  return openRepetition.test(pattern) && !oneRepeated.test(pattern) && !(pattern.startsWith('^') && isOneWay(pattern))
}

const openRepetition = /[*+]|,\}/
/** `\S+`: found or not, at the first place where it can be. */
const oneRepeated = /^(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\[(])[*+]\??$/u

/** No alternatives but within groups. */
function isOneWay(pattern: string): boolean {
  let depth = 0
  for (const [token] of pattern.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[()|]/gu)) {
    if (token === '(') depth++
    else if (token === ')') depth--
    else if (token === '|' && depth === 0) return false
  }
  return true
}

class Unsupported extends Error {}

/** One bit for each ASCII character, and bit 128 for all others. */
type CharacterSet = bigint
const other = 1n << 128n
const all = (1n << 129n) - 1n

interface Part {
  readonly nullable: boolean
  readonly first: readonly number[]
  readonly last: readonly number[]
}
const nothing: Part = { nullable: true, first: [], last: [] }

class PatternReader {
  private readonly text: string
  private position = 0
  private readonly sets: CharacterSet[] = []
  private readonly follow: Set<number>[] = []
  private hasLoopWithinLoop = false

  constructor(text: string) {
    this.text = text
  }

  alternatives(): Part {
    let whole = this.sequence()
    while (this.take('|')) {
      const next = this.sequence()
      whole = {
        nullable: whole.nullable || next.nullable,
        first: [...whole.first, ...next.first],
        last: [...whole.last, ...next.last],
      }
    }
    return whole
  }

  /** The first place where two ways match the same character. */
  ambiguity(whole: Part): string | undefined {
    if (this.hasLoopWithinLoop)
      return 'a loop within a loop matches the same text, so a long one could take exponential time'
    const choices = [whole.first, ...this.follow.map((next) => [...next])]
    for (const choice of choices) {
      let seen: CharacterSet = 0n
      for (const place of choice) {
        if ((seen & this.sets[place]!) !== 0n)
          return 'two of its ways match the same character, so a long text could take exponential time'
        seen |= this.sets[place]!
      }
    }
    return undefined
  }

  private sequence(): Part {
    let whole = nothing
    while (this.position < this.text.length && !'|)'.includes(this.text[this.position]!)) {
      const start = this.position
      const atom = this.atom()
      whole = this.joined(whole, this.repeated(atom, start))
    }
    return whole
  }

  private repeated(atom: Part, start: number): Part {
    const end = this.position
    const [least, most] = this.quantifier()
    if (most === undefined || least > 1 || most > 1) {
      if (most === undefined && least <= 1) return this.looped(least === 0 ? { ...atom, nullable: true } : atom)
      let whole = nothing
      // Each round reads the atom anew, so that every copy has its own places; optional ones nest: a(a(a)?)?
      const after = this.position
      const copies: Part[] = []
      for (let copy = 0; copy < (most ?? least); copy++) {
        this.position = start
        copies.push(copy === 0 ? atom : this.atom())
        this.position = end
      }
      if (most === undefined) copies[copies.length - 1] = this.looped(copies.at(-1)!)
      for (let copy = copies.length - 1; copy >= 0; copy--) {
        whole = this.joined(copies[copy]!, whole)
        if (copy >= least) whole = { ...whole, nullable: true }
      }
      this.position = after
      return whole
    }
    if (most === 0) return nothing
    return least === 0 ? { ...atom, nullable: true } : atom
  }

  private looped(part: Part): Part {
    this.connect(part, part)
    return part
  }

  private joined(left: Part, right: Part): Part {
    this.connect(left, right)
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
    }
  }

  private connect(left: Part, right: Part): void {
    for (const place of left.last) {
      for (const next of right.first) {
        // The same step twice means a loop within a loop, as in (a*)*: one match, exponentially many ways to it.
        if (this.follow[place]!.has(next)) this.hasLoopWithinLoop = true
        this.follow[place]!.add(next)
      }
    }
  }

  private quantifier(): readonly [least: number, most: number | undefined] {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/.exec(this.text.slice(this.position))
    if (match === null) return [1, 1]
    this.position += match[0].length
    const [, sign, least, comma, most] = match
    if (sign !== undefined) return sign === '*' ? [0, undefined] : sign === '+' ? [1, undefined] : [0, 1]
    const from = Number(least)
    const to = comma === '' ? from : most === '' ? undefined : Number(most)
    if ((to ?? from) > placesMax) throw new Unsupported(`it repeats more than ${placesMax} times`)
    return [from, to]
  }

  private atom(): Part {
    const character = this.next()
    if (character === '^' || character === '$') return nothing
    if (character === '(') {
      if (this.take('?')) {
        if (this.take('<')) {
          if ('=!'.includes(this.text[this.position]!)) throw new Unsupported('it looks around')
          while (this.next() !== '>');
        } else if (!this.take(':')) throw new Unsupported('it looks around')
      }
      const inner = this.alternatives()
      this.position++
      return inner
    }
    if (character === '[') return this.place(this.characterClass())
    if (character === '\\') {
      if ('bB'.includes(this.text[this.position]!)) {
        this.position++
        return nothing
      }
      return this.place(this.escaped())
    }
    if (character === '.') return this.place(all & ~setOf('\n') & ~setOf('\r'))
    return this.place(setOf(character))
  }

  private characterClass(): CharacterSet {
    const negated = this.take('^')
    let set: CharacterSet = 0n
    while (!this.take(']')) {
      const from = this.classMember()
      const isRange =
        this.text[this.position] === '-' && this.text[this.position + 1] !== ']' && from.character !== undefined
      if (!isRange) {
        set |= from.set
        continue
      }
      this.position++
      const to = this.classMember()
      set |= rangeOf(from.character!, to.character ?? '\u{10ffff}')
    }
    // Characters beyond ASCII share one bit: whatever touches them counts as touching all of them.
    return negated ? (all & ~set) | other : set
  }

  private classMember(): { set: CharacterSet; character?: string } {
    const character = this.next()
    if (character !== '\\') return { set: setOf(character), character }
    const set = this.take('b') ? setOf('\b') : this.escaped()
    const isSingle = set !== 0n && (set & (set - 1n)) === 0n && set !== other
    return isSingle ? { set, character: String.fromCharCode(set.toString(2).length - 1) } : { set }
  }

  private escaped(): CharacterSet {
    const character = this.next()
    const classes: Record<string, CharacterSet> = {
      d: digits,
      w: words,
      s: spaces,
      D: all & ~digits,
      W: all & ~words,
      S: all & ~spaces,
    }
    if (classes[character] !== undefined)
      return 'DWS'.includes(character) ? classes[character] | other : classes[character]
    if (/[1-9k]/.test(character)) throw new Unsupported('it refers back to an earlier group')
    const single: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' }
    if (single[character] !== undefined) return setOf(single[character])
    if ('pP'.includes(character)) {
      while (this.next() !== '}');
      return all
    }
    if (character === 'x') return setOf(String.fromCodePoint(Number.parseInt(this.next() + this.next(), 16)))
    if (character === 'c') return setOf(String.fromCharCode(this.next().charCodeAt(0) % 32))
    if (character === 'u') {
      let digits = ''
      if (this.take('{')) while (this.text[this.position] !== '}') digits += this.next()
      else return setOf(String.fromCharCode(Number.parseInt(this.next() + this.next() + this.next() + this.next(), 16)))
      this.position++
      return setOf(String.fromCodePoint(Number.parseInt(digits, 16)))
    }
    return setOf(character)
  }

  private place(set: CharacterSet): Part {
    if (this.sets.length >= placesMax) throw new Unsupported(`it unfolds to more than ${placesMax} places`)
    const place = this.sets.push(set) - 1
    this.follow.push(new Set())
    return { nullable: false, first: [place], last: [place] }
  }

  private next(): string {
    const character = String.fromCodePoint(this.text.codePointAt(this.position) ?? 0)
    this.position += character.length
    return character
  }

  private take(character: string): boolean {
    if (this.text[this.position] !== character) return false
    this.position++
    return true
  }
}

function setOf(character: string): CharacterSet {
  const code = character.codePointAt(0)!
  return code < 128 ? 1n << BigInt(code) : other
}

function rangeOf(from: string, to: string): CharacterSet {
  let set: CharacterSet = to.codePointAt(0)! > 127 ? other : 0n
  for (let code = from.codePointAt(0)!; code <= Math.min(to.codePointAt(0)!, 127); code++) set |= 1n << BigInt(code)
  return set
}

const digits = rangeOf('0', '9')
const words = digits | rangeOf('a', 'z') | rangeOf('A', 'Z') | setOf('_')
const spaces = [' ', '\t', '\n', '\r', '\f', '\v'].reduce((set, character) => set | setOf(character), other)
