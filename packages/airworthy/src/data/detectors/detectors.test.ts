import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { builtDetectors } from '../../core/manifest/detectors.ts'
import { detect } from '../detect.ts'

/** The stretches that a detector finds, as text. */
function check(kind: string, text: string, expected: readonly string[]): void {
  const found = detect(text, [kind]).map(({ start, end }) => text.slice(start, end))
  expect(found, text).toEqual(expected)
}

test('e-mail addresses', () => {
  check('email', 'Write to bob@example.com, or <ann.lee+x@mail.example.co.uk>.', [
    'bob@example.com',
    'ann.lee+x@mail.example.co.uk',
  ])
  check('email', "email=bob@example.com;cc=o'brien@example.ie", ['bob@example.com', "o'brien@example.ie"])
  check('email', 'jónheiður@einrot.is and 用户@例子.广告', ['jónheiður@einrot.is', '用户@例子.广告'])
  check('email', '联系user@example.com', ['user@example.com'])
  check('email', 'a@b.com@c.org', ['a@b.com'])
  for (const nothing of [
    '@',
    'a@b',
    'npm i @scope/pkg@1.2.3',
    'a@.com',
    '@example.com',
    'a@b.c',
    'git@github.com:org/repo',
  ])
    check('email', nothing, [])
  check('email', 'pii-email-12@pseudonym.invalid', [])
  check('email', 'bob@pseudonym.invalid', ['bob@pseudonym.invalid'])
})

test('card numbers', () => {
  check('card', 'pay with 4111 1111 1111 1111 now', ['4111 1111 1111 1111'])
  check('card', '4111-1111-1111-1111, 378282246310005.', ['4111-1111-1111-1111', '378282246310005'])
  check('card', '{"card":5555555555554444}', ['5555555555554444'])
  check('card', 'A1 4111111111111111', ['4111111111111111'])
  check('card', '12 4111 1111 1111 1111', ['4111 1111 1111 1111'])
  for (const nothing of [
    '4111 1111 1111 1112',
    '0.4111111111111111',
    'x4111111111111111',
    '4111111111111111x',
    '9999999999999995',
    '2024 10 12 13 30 11',
    '41111111111111110000',
    '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  ])
    check('card', nothing, [])
})

test('IBANs', () => {
  check('iban', 'to GB29NWBK60161331926819.', ['GB29NWBK60161331926819'])
  check('iban', 'to gb29 nwbk 6016 1331 9268 19 please', ['gb29 nwbk 6016 1331 9268 19'])
  check('iban', 'DE89370400440532013000', ['DE89370400440532013000'])
  for (const nothing of [
    'GB30NWBK60161331926819',
    'XX29NWBK60161331926819',
    'AGB29NWBK60161331926819',
    'GB29',
    'GB29NWBK601613319268199',
  ])
    check('iban', nothing, [])
})

// Assembled, so that a scanner of this repository has nothing to find.
const made = (...parts: string[]) => parts.join('')
const jwt = made('eyJ', 'hbGciOiJIUzI1NiJ9', '.eyJ', 'zdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P')
const pem = made('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIEow\n-----END RSA ', 'PRIVATE KEY-----')

test('credentials by vendor format', () => {
  const formats = [
    made('AKIA', 'IOSFODNN7EXAMPLE'),
    made('awt_', 'k-9_'.repeat(7), 'Zz09'),
    made('awo_', 'Q7'.repeat(16)),
    made('awc_', 'x1'.repeat(21), 'w'),
    made('ghp_', 'a1'.repeat(18)),
    made('github_pat_', '11AAAAAAA0', 'b'.repeat(60)),
    made('glpat-', 'x1'.repeat(10)),
    made('npm_', 'Z9'.repeat(18)),
    made('sk-ant-', 'api03-', 'q7'.repeat(30)),
    made('sk-proj-', 'a1'.repeat(20), 'T3Blbk', 'FJ', 'b2'.repeat(20)),
    made('xoxb-', '23984754863-2348975623000-AAAA'),
    made('sk_live_', '4eC39HqLyjWDarjtT1zdp7dc'),
    made('AIza', 'SyA-1234567890abcdefghijklmnopqrstu'),
    jwt,
    pem,
  ]
  for (const format of formats) {
    check('credentials', format, [format])
    check('credentials', `it is "${format}".`, [format])
    check('credentials', `x${format}`, format === pem ? [pem] : [])
  }
})

test('a token is found inside a longer run of its characters', () => {
  check('credentials', `id.x-${jwt}`, [jwt])
  check('credentials', `hf_x npm_x.${jwt}`, [jwt])
  check('credentials', `${'eyJ-'.repeat(20)}x ${jwt}`, [jwt])
})

test('a private key without an end is a secret as far as it goes', () => {
  const cut = pem.slice(0, pem.indexOf('-----END'))
  check('credentials', `key: ${cut}`, [cut])
  check('credentials', made('-----BEGIN ', 'PUBLIC KEY-----\nMIIEow\n-----END ', 'PUBLIC KEY-----'), [])
})

test('credentials in a URL: user and password, never a placeholder', () => {
  check('credentials', 'postgres://app:s3cr3tP4ss@db.example.net/x', ['app:s3cr3tP4ss'])
  check('credentials', '"mongodb+srv://appuser:myR3alP@ssw0rd@cluster0.example.net/mydb"', ['appuser:myR3alP@ssw0rd'])
  for (const nothing of [
    'https://example.com:8080/a@b',
    'postgres://app@db/x',
    made('mysql://user:$', '{PASSWORD}@h/db'),
    'x://u:password@h',
    'x://a:a@h',
    '://:@',
  ])
    check('credentials', nothing, [])
})

test('credentials by the name they are assigned to', () => {
  check('credentials', 'password=hunter2!', ['hunter2!'])
  check('credentials', 'AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG"', ['wJalrXUtnFEMI/K7MDENG'])
  check('credentials', '{"client_secret": "a1b2c3d4e5f6g7"}', ['a1b2c3d4e5f6g7'])
  check('credentials', "var apiKey := 'a1b2c3d4e5f6g7'", ['a1b2c3d4e5f6g7'])
  for (const nothing of [
    'The password: required for everyone',
    made('password=$', '{PASSWORD}'),
    'password: [redacted:credentials]',
    'secret_key=SECRET_CREDENTIALS_1',
    'token_count=123456789012',
    'api_key=YOUR_API_KEY_123',
    'secretary: a1b2c3d4e5f6g7',
  ])
    check('credentials', nothing, [])
})

test('whatever the text, every match lies inside it and those of one kind do not overlap', () => {
  const piece = fc.constantFrom(
    '@',
    '.',
    ':',
    '://',
    '=',
    '-----BEGIN ',
    'PRIVATE KEY-----',
    'eyJ',
    'sk-',
    'a@b.io',
    '4111',
    '\\n',
    '\\u0041',
    '\\',
    ' ',
    '-',
    'GB29',
    '\ud800',
  )
  const text = fc
    .array(fc.oneof(piece, fc.string(), fc.string({ unit: 'binary' })), { maxLength: 40 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (sample) => {
      for (const name of builtDetectors) {
        let floor = 0
        for (const { start, end, score, kind } of detect(sample, [name])) {
          expect(kind).toBe(name)
          expect(start).toBeGreaterThanOrEqual(floor)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(sample.length)
          expect(score > 0 && score <= 1).toBe(true)
          floor = end
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('after an escape of JSON inside a string, which ends with a letter', () => {
  const inString = (text: string): string => JSON.stringify({ text })
  for (const mark of ['\n', '\t', '\r', '\b', '\f', '\u0001']) {
    const around = (value: string): string => inString(`Here:${mark}${value}${mark}end`)
    check('card', around('4111 1111 1111 1111'), ['4111 1111 1111 1111'])
    check('iban', around('GB29NWBK60161331926819'), ['GB29NWBK60161331926819'])
    check('email', around('ana@example.com'), ['ana@example.com'])
    const key = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
    check('credentials', around(key), [key])
    check('card', JSON.stringify(around('4111111111111111')), ['4111111111111111'])
  }
  check('credentials', 'postgres://u:hunter2\\new9@db.example.com/x', ['u:hunter2\\new9'])
  check('card', 'C:\\new\\temp', [])
})

test('no detector uses a quantifier without a bound', () => {
  const folder = new URL('.', import.meta.url)
  const sources = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'))
  const literals = sources.flatMap((name) => [
    ...readFileSync(new URL(name, folder), 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
      .matchAll(/(?<=[=(,!&|>]\s?|\n\s{2})\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[gimsuy]*/g),
  ])
  expect(literals.length).toBeGreaterThan(10)
  const unbounded = /(?<!\\)(?:\*|\+|\{\d+,\})/
  // Character classes are taken out first: a sign inside one is a character.
  const faults = literals
    .map(([literal]) => literal.replaceAll(/\[(?:[^\]\\]|\\.)*\]/g, ''))
    .filter((literal) => unbounded.test(literal))
  expect(faults).toEqual([])
})
