/** Cedar's `like`: literal pieces and wildcards that match any run of characters, none included. */

export type PatternElement = 'Wildcard' | { readonly Literal: string }

/** Compiles a pattern into a test that takes time proportional to text times pattern at worst, and never backtracks further. */
export function compilePattern(elements: readonly PatternElement[]): (text: string) => boolean {
  // Pieces between wildcards: the first is anchored at the start, the last at the end, the rest match leftmost in order.
  const pieces = ['']
  for (const element of elements) {
    if (element === 'Wildcard') pieces.push('')
    else pieces[pieces.length - 1] += element.Literal
  }
  const first = pieces[0] as string
  if (pieces.length === 1) return (text) => text === first
  const last = pieces[pieces.length - 1] as string
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '')
  return (text) => {
    if (!text.startsWith(first)) return false
    let at = first.length
    for (const piece of middle) {
      const found = text.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return text.length - last.length >= at && text.endsWith(last)
  }
}
