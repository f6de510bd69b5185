import { describe, expect, test } from 'vitest'
import { patternFault, seeksBegin } from './linear-pattern.ts'

describe('patternFault', () => {
  test.each([
    '^[a-z]+$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^[A-Z]{2}[0-9]{6}$',
    '^(open|closed)$',
    '^[a-z]+(-[a-z]+)*$',
    '^[^@]+@[^@]+$',
    '^#[0-9a-fA-F]{6}$',
    '^https?://[^/]+/',
    '^.{1,64}$',
    '^\\p{L}+$',
    '^[\\w.-]+@',
    'x',
    '',
    '^(?:a|b)?c$',
    '^\\u0041+$',
    '^[\\x00-\\x1f]*$',
    '^(?<year>\\d{4})$',
    '^0x[0-9a-f]+$',
    '^[a-z]{0,63}$',
    '^(a|b|c){0,9}d$',
    '^\\$\\{[A-Z]+\\}$',
    '^[\\]a-]+$',
    '^a{2,}b$',
  ])('lets %j run', (pattern) => expect(patternFault(pattern)).toBeUndefined())

  test.each([
    ['(a+)+', /loop within a loop/],
    ['^(a*)*$', /loop within a loop/],
    ['^(a|a)*$', /same character/],
    ['^(a|ab)*$', /same character/],
    ['^\\s*(.*)$', /same character/],
    ['^(.*)(.*)$', /same character/],
    ['([a-z]+\\d?)+x', /same character|loop/],
    ['^(\\w|\\d)+$', /same character/],
    ['^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$', /same character|loop/],
    ['a*a*b', /same character/],
    ['(x+x+)+y', /same character|loop/],
    ['(?=a)b', /looks around/],
    ['(?<!a)b', /looks around/],
    ['(a)\\1', /refers back/],
    ['(?<n>a)\\k<n>', /refers back/],
    ['(', /not a regular expression/],
    ['a{0,5000}', /repeats more/],
    ['((a{0,60}b){0,60}c){0,60}', /unfolds|repeats/],
    ['x'.repeat(1001), /longer/],
    ['^(a?){30}a{30}$', /same character|loop/],
    ['^[é-ü]*[à-ö]*$', /same character/],
  ])('refuses %j', (pattern, why) => expect(patternFault(pattern)).toMatch(why))
})

describe('seeksBegin', () => {
  test.each(['a+b', '[A-Z]+-[0-9]+', '\\w+@', '(?:ab)+c', '^a|b+c', '(?:^a+b)', 'x{2,}y', '^[|]|a*b'])(
    '%j does',
    (pattern) => expect(seeksBegin(pattern)).toBe(true),
  )
  test.each(['^a+b', '^(?:a|b)+c$', '\\S+', '.*', '[^\\]x]+', 'ab', 'a{0,9}b', '^[|]+x', ''])(
    '%j does not',
    (pattern) => expect(seeksBegin(pattern)).toBe(false),
  )
})
