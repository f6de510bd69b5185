/** The texts of extension values, edge by edge, against Cedar's own engine. */
import { describe, expect, test } from 'vitest'
import { authorize } from './authorize.ts'
import { withCedar } from './cedar-engine.ts'
import { decimalOfNumber } from './decimal.ts'

const uid = (type: string) => ({ type, id: 'a' })
const request = { principal: uid('User'), action: uid('Action'), resource: uid('Doc'), context: {} }

/** What a condition comes to: true, false or an error. */
function outcomes(condition: string): readonly [string, string] {
  const policies = `permit(principal, action, resource) when { ${condition} };`
  const ours = authorize({ policies, entities: [], request, onPolicyError: 'skip' })
  const answer = withCedar((cedar) =>
    cedar.isAuthorized({ ...request, entities: [], policies: { staticPolicies: policies } }),
  )
  if (answer?.type !== 'success') throw new Error(`Cedar cannot read ${condition}`)
  const { decision, diagnostics } = answer.response
  return [ours.errors.length > 0 ? 'error' : ours.decision, diagnostics.errors.length > 0 ? 'error' : decision]
}

const texts: Readonly<Record<string, readonly string[]>> = {
  decimal: [
    '0.0',
    '1',
    '1.',
    '.1',
    '1.12345',
    '-1.1234',
    '+1.0',
    '01.10',
    '922337203685477.5807',
    '922337203685477.5808',
    '-922337203685477.5808',
    '-922337203685477.5809',
    '1.0 ',
    '1e2',
    '１.0',
    '-0.0',
    '--1.0',
    '0.00000',
  ],
  ip: [
    '1.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.1.1.1',
    '1.1.1.1/0',
    '1.1.1.1/32',
    '1.1.1.1/33',
    '1.1.1.1/08',
    '1.1.1.1/',
    '1.1.1.1/-1',
    '1.1.1.1/+1',
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1::3::4',
    ':1',
    '1:',
    '::ffff:1.2.3.4',
    'fe80::1%1',
    '12345::',
    'G::',
    'ABCD::/128',
    '::/129',
    '::/001',
    '1:2:3:4:5:6:7:8:9',
    ' ::1',
    '1.1.1.1/32/1',
    '0000:0000:0000:0000:0000:0000:0000:0001/128',
    '1:2:3:4::5:6:7:8',
    ':::',
    '::1/128 ',
  ],
  datetime: [
    '2024-01-01',
    '2024-02-30',
    '2024-02-29',
    '2100-02-29',
    '2000-02-29',
    '0000-01-01',
    '9999-12-31',
    '10000-01-01',
    '-0001-01-01',
    '2024-1-01',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00.0Z',
    '2024-01-01T00:00:00.000Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:00:00+0000',
    '2024-01-01T00:00:00-2359',
    '2024-01-01T00:00:00+2400',
    '2024-01-01T00:00:00+0060',
    '2024-01-01T00:00:00+01:00',
    '2024-01-01t00:00:00z',
    '2024-00-01',
    '2024-04-31',
    ' 2024-01-01',
    '2024-01-01T00:00:00.123-0001',
    '',
  ],
  duration: [
    '1d',
    '1h',
    '1m',
    '1s',
    '1ms',
    '1d1h1m1s1ms',
    '1ms1s',
    '1h1h',
    '',
    '-',
    '-1d',
    '+1d',
    '1',
    '1 d',
    '00d',
    '1.5h',
    '9223372036854775807ms',
    '9223372036854775808ms',
    '-9223372036854775808ms',
    '-9223372036854775809ms',
    '106751991167d7h12m55s807ms',
    '106751991167d7h12m55s808ms',
    '-106751991167d7h12m55s808ms',
    '99999999999999999999d',
    '1D',
    '1m1ms',
    '1ms1m',
  ],
}

describe.each(Object.entries(texts))('%s', (name, list) => {
  test.each(list)('"%s"', (text) => {
    const [ours, theirs] = outcomes(`${name}("${text}") == ${name}("${text}")`)
    expect(ours).toBe(theirs)
  })
})

test.each([
  'ip("127.0.0.1/0").isLoopback()',
  'ip("127.0.0.1/7").isLoopback()',
  'ip("127.0.0.1/8").isLoopback()',
  'ip("::1/127").isLoopback()',
  'ip("::1/0").isLoopback()',
  'ip("224.0.0.0/3").isMulticast()',
  'ip("ff00::/7").isMulticast()',
  'ip("10.0.0.1/8") == ip("10.0.0.0/8")',
  'ip("10.0.0.1").isInRange(ip("0.0.0.0/0"))',
  'ip("10.0.0.1").isInRange(ip("::/0"))',
  'datetime("1969-12-31T23:59:59.999Z").toDate() == datetime("1969-12-31")',
  'datetime("1969-12-31T23:59:59.999Z").toTime() == duration("86399999ms")',
  'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).toDate() == datetime("1970-01-01")',
  'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).toTime() > duration("0ms")',
  'datetime("1970-01-02").offset(duration("9223372036854775807ms")) > datetime("1970-01-01")',
  'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).durationSince(datetime("1970-01-02")) == duration("1d")',
  'duration("-1500ms").toSeconds() == -1',
  'duration("-9223372036854775808ms").toDays() == -106751991167',
  'decimal("1.0") < decimal("2.0")',
  'decimal("1.0").lessThan(1)',
  '"a".contains("a")',
])('%s', (condition) => {
  const [ours, theirs] = outcomes(condition)
  expect(ours).toBe(theirs)
})

test('JSON numbers become decimals of four places, or none', () => {
  const cases: readonly [number, string | undefined][] = [
    [0, '0'],
    [-0, '0'],
    [0.1, '1000'],
    [12.5, '125000'],
    [1.0001, '10001'],
    [1.00001, undefined],
    [0.1 + 0.2, undefined],
    [123456789012.1234, '1234567890121234'],
    [922337203685477, '9223372036854770000'],
    [922337203685478, undefined],
    [-922337203685477, '-9223372036854770000'],
    [1e21, undefined],
    [1e-7, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
  ]
  for (const [value, units] of cases) expect(decimalOfNumber(value)?.key, String(value)).toBe(units)
})
