import { UriTemplate } from '@modelcontextprotocol/client'
import { describe, expect, test } from 'vitest'
import { templateMatcher } from './template-matcher.ts'

const templates = [
  'desk://orders/{id}',
  'desk://{+path}',
  'desk://{tenant}/orders/{id}.json',
  'desk://files{/name}',
  'desk://search{?q,page}',
  'desk://x{.ending}',
  'desk://{+a}x{b}!',
  'desk://tags/{list*}',
  'desk://plain',
]
const uris = [
  'desk://orders/7',
  'desk://orders/7/lines',
  'desk://orders/',
  'desk://acme/orders/7.json',
  'desk://a/b/orders/7.json',
  'desk://files/readme',
  'desk://files/a/b',
  'desk://search?q=a&page=2',
  'desk://search?q=a',
  'desk://x.md',
  'desk://1x2/3x4!',
  'desk://tags/a,b',
  'desk://plain',
  'desk://plainer',
  'shop://orders/7',
  '',
]

describe('an address fits a template where the official client says so', () => {
  test.each(templates)('%s', (template) => {
    const fits = templateMatcher(template)
    for (const uri of uris) expect([uri, fits?.(uri)]).toEqual([uri, new UriTemplate(template).match(uri) !== null])
  })
})

test.each(['x://{', 'x://{a', 'x://}', '{a{b}}', 'x'.repeat(600), '{a}'.repeat(20)])('%s is no template', (template) =>
  expect(templateMatcher(template)).toBeUndefined(),
)

test('no template and no address make it slow', () => {
  const hostile = ['{a}'.repeat(16), '{+a}a'.repeat(16), `x://${'{+a}{b}'.repeat(8)}`].map((one) => `${one}!`)
  for (let round = 0; round < 100; round++)
    for (const template of hostile) expect(templateMatcher(template)?.(`x://${'a'.repeat(2_000)}`)).toBe(false)
})
