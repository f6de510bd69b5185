/** Text that somebody else chose, made safe to show: one line, and nothing in it that moves, hides or turns what is around it. */

/** Control, format (direction marks, zero widths) and line separator characters as `\u{...}`. Never cuts. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
