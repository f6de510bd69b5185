/** What a recording may not hold is not in it, however it came; and everything else stays as it came. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataActsDefault } from '../../core/manifest/defaults.ts'
import { detectorsByClass } from '../../core/manifest/detectors.ts'
import type { DataRule, EffectiveManifest } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { hiddenExchange, hiddenText, hidingOf } from './hide-exchange.ts'

const rule = (name: 'pii' | 'secret' | 'regulated'): DataRule => ({
  detect: [...detectorsByClass[name]],
  ...dataActsDefault[name],
  notBuilt: [],
})
const data: EffectiveManifest['data'] = { pii: rule('pii'), secret: rule('secret'), regulated: rule('regulated') }
const hiding = hidingOf(data)
const key = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
const events = (...values: unknown[]): string => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')
const delta = (content: string, index = 0) => ({ choices: [{ index, delta: { content } }] })

describe('a text', () => {
  it.each([
    ['plain JSON', '{"b": 1.0,  "a":"x"}'],
    ['a stream', `${events(delta('hel'), delta('lo'))}data: [DONE]\n\n`],
    ['no JSON at all', 'hello\nthere'],
    ['nothing', ''],
    ['a pseudonym', '{"to":"pii-email-1@pseudonym.invalid"}'],
  ])('of %s in which nothing is found stays byte for byte', (_name, text) => {
    expect(hiddenText(text, hiding)).toBe(text)
  })

  it.each([
    ['JSON', '{"say":"write to ana@example.com"}', '{"say":"write to [redacted:email]"}'],
    [
      'JSON in JSON',
      '{"arguments":"{\\"to\\":\\"ana@example.com\\"}"}',
      '{"arguments":"{\\"to\\":\\"[redacted:email]\\"}"}',
    ],
    [
      'JSON in JSON, on a line of its own',
      JSON.stringify({ arguments: JSON.stringify({ text: 'Card:\n4111 1111 1111 1111' }) }),
      JSON.stringify({ arguments: JSON.stringify({ text: 'Card:\n[redacted:card]' }) }),
    ],
    ['a path', '/x?to=ana@example.com', '/x?to=[redacted:email]'],
    ['a credential', JSON.stringify({ text: `use ${key}` }), '{"text":"use [redacted:credentials]"}'],
  ])('of %s is redacted', (_name, text, wanted) => {
    expect(hiddenText(text, hiding)).toBe(wanted)
  })

  it('of a stream is found across its pieces, and stands whole in the first of them', () => {
    const text = `${events(delta('write to ana@exam'), delta('other', 1), delta('ple.com, please'))}data: [DONE]\n\n`
    const redacted = hiddenText(text, hiding) as string
    expect(redacted).toBe(
      `${events(delta('write to [redacted:email], please'), delta('other', 1), delta(''))}data: [DONE]\n\n`,
    )
    expect(hiddenText(redacted, hiding)).toBe(redacted)
  })

  it.each([
    ['begins with an empty line', (text: string) => `\n${text}`],
    ['ends its lines with a carriage return', (text: string) => text.replaceAll('\n', '\r')],
    ['ends them with both', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('of a stream that %s is found across its pieces too', (_name, written) => {
    const plain = written(events(delta('hel'), delta('lo')))
    expect(hiddenText(plain, hiding)).toBe(plain)
    const redacted = hiddenText(written(events(delta('write to ana@exam'), delta('ple.com, please'))), hiding)
    expect(redacted?.trim()).toBe(events(delta('write to [redacted:email], please'), delta('')).trim())
  })

  it('of arguments that Anthropic streams, block by block', () => {
    const piece = (index: number, partial_json: string) => ({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json },
    })
    const text = events(piece(0, '{"to":"ana@'), piece(1, '{"a":1'), piece(0, 'example.com"}'), piece(1, '}'))
    expect(hiddenText(text, hiding)).toContain('[redacted:email]')
    expect(hiddenText(text, hiding)).not.toMatch(/ana@|example\.com/)
  })

  it('holds no credential, wherever it is cut into pieces, and redacting again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: key.length }), { maxLength: 5 }), fc.string(), (cuts, around) => {
        const whole = `${around} ${key} end`
        const places = [0, ...cuts.map((cut) => around.length + 1 + cut), whole.length].sort((a, b) => a - b)
        const pieces = places.slice(1).map((end, at) => whole.slice(places[at], end))
        const redacted = hiddenText(events(...pieces.map((piece) => delta(piece))), hiding) as string
        const said = [...redacted.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
          valueOfJson(text as string),
        )
        expect(said.join('')).not.toContain(key)
        expect(hiddenText(redacted, hiding)).toBe(redacted)
      }),
    )
  })
})

describe('the rules', () => {
  it('hide credentials whatever the manifest detects, and no class that the model may see', () => {
    const lax = hidingOf({
      ...data,
      pii: { ...data.pii, beforeModel: 'allow' },
      secret: { ...data.secret, detect: [] },
    })
    expect(hiddenText(`{"a":"ana@example.com ${key}"}`, lax)).toBe('{"a":"ana@example.com [redacted:credentials]"}')
  })

  it('are plain data: a recording carries them', () => {
    const carried = JSON.parse(JSON.stringify(hiding))
    expect(hiddenText('{"a":"ana@example.com"}', carried)).toBe('{"a":"[redacted:email]"}')
  })

  it('lose what cannot be looked through', () => {
    const deep = `${'['.repeat(200)}"ana@example.com"${']'.repeat(200)}`
    const exchange = {
      method: 'POST',
      path: '/openai/v1/chat/completions',
      requestHeaders: {},
      request: deep,
      status: 200,
      answerHeaders: {},
      answer: '{}',
    }
    expect(hiddenExchange(exchange, hiding)).toEqual({
      ...exchange,
      request: '',
      answer: '',
      lost: { why: 'unreadable', kind: 'model' },
    })
  })
})
