import { expect, it } from 'vitest'
import { printable } from './printable.ts'

it.each([
  ['plain text, even accents: caf\u00e9', 'plain text, even accents: caf\u00e9'],
  ['a\nb\u2028c', 'a\\u{a}b\\u{2028}c'],
  ['pay \u202e001', 'pay \\u{202e}001'],
  ['zero\u200bwidth', 'zero\\u{200b}width'],
  ['\u001b[2J', '\\u{1b}[2J'],
])('%j is shown as %j', (text, shown) => expect(printable(text)).toBe(shown))
