import { describe, expect, test } from 'vitest'
import { manifestBytesMax, readYaml } from './read-yaml.ts'

describe('readYaml', () => {
  test('keeps the places of keys and values', () => {
    const reading = readYaml('a: 1\nb:\n  - c: x\n    d: [y, z]\n', 'f')
    expect(reading.value).toEqual({ a: 1, b: [{ c: 'x', d: ['y', 'z'] }] })
    expect(reading.placeOf(['b', 0, 'd'], 'key')).toEqual({ line: 4, column: 5 })
    expect(reading.placeOf(['b', 0, 'd', 1])).toEqual({ line: 4, column: 12 })
    expect(reading.placeOf(['b', 0, 'missing'])).toEqual({ line: 3, column: 5 })
  })

  test.each<[string, string, string]>([
    ['an anchor', 'a: &x 1', 'MANIFEST_YAML_REFUSED'],
    ['an alias to nothing', 'a: *x', 'MANIFEST_YAML_REFUSED'],
    ['a tag', 'a: !!binary aGk=', 'MANIFEST_YAML_REFUSED'],
    ['a tag on a key', '!!str a: 1', 'MANIFEST_YAML_REFUSED'],
    ['a merge key', 'a: {<<: {b: 1}}', 'MANIFEST_YAML_REFUSED'],
    ['a key that is a list', '? [a, b]\n: 1', 'MANIFEST_YAML_REFUSED'],
    ['a prototype key', 'a: {__proto__: {b: 1}}', 'MANIFEST_YAML_REFUSED'],
    ['a double key', 'a: 1\na: 2', 'MANIFEST_SYNTAX'],
    ['two documents', 'a: 1\n---\nb: 2', 'MANIFEST_SYNTAX'],
    ['an open quote', 'a: "x', 'MANIFEST_SYNTAX'],
    ['an inexact integer', 'a: 9007199254740993', 'MANIFEST_VALUE_INVALID'],
    ['not a number', 'a: .nan', 'MANIFEST_VALUE_INVALID'],
    ['deep flow', `a: ${'['.repeat(100_000)}`, 'MANIFEST_LIMIT_EXCEEDED'],
    ['deep blocks', '- '.repeat(3000), 'MANIFEST_LIMIT_EXCEEDED'],
    ['blocks a little too deep', `${'- '.repeat(80)}x`, 'MANIFEST_LIMIT_EXCEEDED'],
    ['a large file', '#'.repeat(manifestBytesMax + 1), 'MANIFEST_LIMIT_EXCEEDED'],
  ])('refuses %s', (_, text, code) => {
    expect(readYaml(text, 'f').faults.map((fault) => fault.code)).toContain(code)
  })

  test('does not reach the prototype', () => {
    const { value } = readYaml('__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}', 'f')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(Object.keys(value as object)).toEqual([])
  })

  test('reads a manifest of many keys without comparing each with each', () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`)
    expect(readYaml(`${lines.join('\n')}\nk19999: 2`, 'f').faults.map((fault) => fault.message)).toEqual([
      '"k19999" stands here twice; the first is on line 20000.',
    ])
  })
})
