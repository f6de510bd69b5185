/** Text to compiled sets: where policies end, what faults say and where, and what the engine's limits do to us. */
import { describe, expect, test } from 'vitest'
import { AirworthyError, type Fault } from '../core/errors.ts'
import { authorize } from './authorize.ts'
import { compilePolicies, policyTextLengthMax } from './parse-policies.ts'

function faultsOf(input: Parameters<typeof compilePolicies>[0]): readonly Fault[] {
  try {
    compilePolicies(input)
  } catch (error) {
    if (error instanceof AirworthyError) return error.faults
    throw error
  }
  return []
}

const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`

test('semicolons, brackets and numbers in strings and comments are text', () => {
  const text = `// permit(principal, action, resource); "
permit(principal, action, resource) // ; 9007199254740993 ) " '
when { context.a == "; 9007199254740993 \\"; }" /* no comment */ };`
  expect(faultsOf(text)).toHaveLength(1)
  const { policies } = compilePolicies(text.replace('/* no comment */', ''))
  expect(policies).toMatchObject([{ id: 'policy0', line: 2, column: 1 }])
  expect(JSON.stringify(policies[0]?.conditions)).toContain('; 9007199254740993 \\"; }')
})

test('every policy that cannot be read is reported, with line and column in the file, after tabs, CRLF and emoji', () => {
  const sources = [
    {
      file: 'a.cedar',
      text: `permit(principal, action, resource);\r\n\t"é😀" permit;\r\n${when('"é😀" == + 1')}\n${when('1 +')}`,
    },
    { file: 'b.cedar', line: 10, text: `\n${when('foo(1)')} permit(principal, action, resource)` },
  ]
  expect(faultsOf(sources).map(({ file, line, column }) => `${file}:${line}:${column}`)).toEqual([
    'a.cedar:2:2',
    'a.cedar:3:53',
    'a.cedar:4:48',
    'b.cedar:11:44',
    'b.cedar:11:89',
  ])
})

test.each([
  ['a template', 'permit(principal == ?principal, action, resource);', /template/],
  ['an integer beyond 64 bits', when('context.n == 9223372036854775808'), /too large/],
  ['an empty statement', ';', /unexpected token/i],
  ['an annotation twice', '@a("1") @a("2") permit(principal, action, resource);', /annotation/],
  ['a string without an end', when('"abc'), /./],
  ['a call that only partial evaluation knows', when('unknown("x")'), /not a function/],
  ['brackets too deep', when(`${'['.repeat(65)}${']'.repeat(65)} == 1`), /deeper than 64/],
  ['a lone surrogate', when('"\ud800" == "a"'), /surrogate/],
  ['too much text', ' '.repeat(policyTextLengthMax + 1), /limit is 4194304/],
])('%s is a fault with a mend', (_name, text, message) => {
  const [fault, ...others] = faultsOf(text)
  expect(others).toEqual([])
  expect(fault).toMatchObject({ code: 'POLICY_INVALID', mend: expect.stringMatching(/\w.*\.$/) })
  expect(fault?.message).toMatch(message)
})

describe('what breaks the engine does not break us', () => {
  const deep = [
    ['a chain of additions', when(`${'1 + '.repeat(20_000)}1 == 1`)],
    ['a chain of or', when(`${'context.a || '.repeat(20_000)}true`)],
    ['nested if', when(`${'if true then true else '.repeat(5_000)}true`)],
    ['a path of names', when(`context${'.a'.repeat(20_000)}`)],
  ] as const
  test.each(deep)('%s is refused, and the next text is read', (_name, text) => {
    expect(faultsOf(text)).toMatchObject([{ code: 'POLICY_INVALID', message: expect.stringMatching(/nested/) }])
    expect(compilePolicies('permit(principal, action, resource);').policies).toHaveLength(1)
  })

  test('a chain that the engine can read is evaluated without using up the stack', () => {
    const policies = when(`${'true && '.repeat(1_000)}context has a`)
    const request = {
      principal: { type: 'User', id: 'a' },
      action: { type: 'Action', id: 'a' },
      resource: { type: 'Doc', id: 'a' },
      context: { a: 1 },
    }
    expect(authorize({ policies, entities: [], request }).decision).toBe('allow')
  })
})
