import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { valueOfJson } from './value-of-json.ts'

/** Makes the engine expect `key` after `before`: this is how the fault of V8 comes about. */
function expectNext(before: string, key: string): void {
  JSON.parse(`{${JSON.stringify(before)}:1,${JSON.stringify(key)}:2}`)
}

/** A text with each key escaped in some way that JSON allows. */
function withEscapes(value: unknown): string {
  const key = (name: string): string =>
    `"${[...name.split('')].map((one, at) => (at % 3 === 0 ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(one).slice(1, -1))).join('')}"`
  if (Array.isArray(value)) return `[ ${value.map(withEscapes).join(' ,')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, inner]) => `${key(name)} :\n${withEscapes(inner)}`)
    .join(', ')} }`
}

describe('keys that are written with escapes', () => {
  test.each([
    ['{"one":1,"\\"":2}', '\\', { one: 1, '"': 2 }],
    ['{"two":1,"\\n":2}', '\\', { two: 1, '\n': 2 }],
    ['{"three":1,"\\u0061mount":2}', '\\u0061', { three: 1, amount: 2 }],
    ['{"four":1, "a\\tb" : {"c": [true, null, -1.5e3]}}', 'a\\t', { four: 1, 'a\tb': { c: [true, null, -1500] } }],
    ['{"five":1,"a\\""\t\r\n :2}', 'a\\', { five: 1, 'a"': 2 }],
    ['{"six":1,"\\"\\\\":"\\":"}', '\\"', { six: 1, '"\\': '":' }],
  ])('%s is read as it is', (text, before, value) => {
    const [first = ''] = Object.keys(value)
    expectNext(first, before)
    expect(valueOfJson(text)).toEqual(value)
  })

  test('whatever the engine has read before', () => {
    const name = fc.oneof(
      fc.constantFrom('\\', '"', '\\u0061', 'a', '\n', '', '__proto__', '7'),
      fc.string({ maxLength: 3 }),
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc
          .uniqueArray(fc.tuple(name, tie('value')), { maxLength: 5, selector: ([key]) => key })
          .map(Object.fromEntries),
      ),
    }))
    fc.assert(
      fc.property(value, (given) => {
        expect(valueOfJson(JSON.stringify(given))).toEqual(given)
        expect(valueOfJson(withEscapes(given))).toEqual(given)
      }),
    )
  })

  test('the last of two that are the same counts, and __proto__ is a key like others', () => {
    expect(valueOfJson('{"a":1,"\\u0061":2}')).toEqual({ a: 2 })
    const read = valueOfJson('{"\\u005f_proto__":{"admin":true}}') as object
    expect(Object.keys(read)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  test.each([':', ' :', ',: ', '\\\\', '\\":', '\\" :', '","b":"'])(
    'in time that grows with the text, of many %s too',
    (piece) => {
      const text = `{"a":"\\n${piece.repeat(300_000)}"}`
      expect(valueOfJson(text)).toEqual(JSON.parse(text))
    },
  )

  test('deeper than a stack is', () => {
    const deep = `${'[{"\\n":'.repeat(50_000)}1${'}]'.repeat(50_000)}`
    let value = valueOfJson(deep)
    for (let level = 0; level < 50_000; level++) value = (value as [Record<string, unknown>])[0]['\n']
    expect(value).toBe(1)
  })
})

test.each(['', '{', '{"a\\n":}', '{"\\x":1}', '{"\\n":1}}', '{"\\n":01}', '["\\n":1]'])('%j is no JSON', (text) => {
  expect(() => valueOfJson(text)).toThrow(SyntaxError)
})

test.each(['{"n":9007199254740993,"l":[1,2.50]}', '{"\\u006e":9007199254740993,"l":[1,2.50]}'])(
  'numbers of %s as their digits',
  (text) => {
    const seen: string[] = []
    const value = valueOfJson(text, (number, digits, key) => {
      seen.push(`${key}=${digits}`)
      return digits.length > 15 ? digits : number
    })
    expect(value).toEqual({ n: '9007199254740993', l: [1, 2.5] })
    expect(seen.sort()).toEqual(['0=1', '1=2.50', 'n=9007199254740993'])
  },
)
