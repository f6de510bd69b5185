/** A cassette from pieces: in order, and with a place for each that should be there and is not. */
import { describe, expect, it } from 'vitest'
import type { Exchange } from './cassette.ts'
import type { Hiding } from './hide-exchange.ts'
import { joinRecording, type Recording, type RecordingPart, type RecordingPiece } from './join-recording.ts'
import { cassettePlayer } from './player.ts'

const hiding = { rules: {}, classes: [] } as unknown as Hiding
const model = (request: string, answer = 'said'): Exchange => ({
  method: 'POST',
  path: '/openai/v1/chat/completions',
  requestHeaders: {},
  request,
  status: 200,
  answerHeaders: {},
  answer,
})
const tool = (request: string, action: string): Exchange => ({
  ...model(request, JSON.stringify({ action })),
  path: '/api/v1/tasks/tsk_1/actions',
})
const piece = (n: number, exchange: Exchange, more: Partial<RecordingPiece> = {}): RecordingPiece => ({
  part: 'one',
  n,
  begunMs: n * 10_000,
  endedMs: n * 10_000 + 500,
  exchange,
  ...more,
})
const part = (begun: number, more: Partial<RecordingPart> = {}): RecordingPart => ({
  part: 'one',
  begun,
  isOpen: false,
  lastMs: 90_000,
  hiding,
  ...more,
})
const recording = (more: Partial<Recording>): Recording => ({
  task: 'tsk_1',
  agent: 'desk',
  release: 'sha256:0',
  given: { principal: { id: 'ana' }, input: 'hello' },
  parts: [part(0)],
  pieces: [],
  acts: [],
  ...more,
})
const ask = (request: string) => ({ method: 'POST', path: '/openai/v1/chat/completions', request })
const act = (request: string) => ({ method: 'POST', path: '/api/v1/tasks/tsk_1/actions', request })

describe('pieces', () => {
  it('of two gateways are joined by when they began', () => {
    const { exchanges, recorded } = joinRecording(
      recording({
        parts: [part(2), part(1, { part: 'two', reply: 'done' })],
        pieces: [
          piece(2, model('c'), { begunMs: 30 }),
          piece(1, model('a'), { begunMs: 10 }),
          piece(1, model('b'), { part: 'two', begunMs: 20 }),
        ],
      }),
    )
    expect(exchanges.map(({ request }) => request)).toEqual(['a', 'b', 'c'])
    expect(recorded?.missing).toEqual([])
  })

  it('that are all there and name what the ledger has make a whole cassette', () => {
    const { recorded } = joinRecording(
      recording({
        parts: [part(2)],
        pieces: [piece(1, model('a')), piece(2, tool('b', 'act_1'))],
        acts: [
          { kind: 'model', id: 'mod_1', atMs: 10_100 },
          { kind: 'tool', id: 'act_1', atMs: 20_100 },
        ],
      }),
    )
    expect(recorded).toEqual({ hiding, redacted: 0, missing: [] })
  })
})

describe('a piece that is not there', () => {
  it('is at the place of its number, and a replay stops at it, however it goes on', () => {
    const cassette = joinRecording(
      recording({ parts: [part(3)], pieces: [piece(1, model('a')), piece(3, model('c'))] }),
    )
    expect(cassette.recorded?.missing).toEqual([expect.stringContaining('Step 2, a request of 1970-01-01T00:00:30')])
    const player = cassettePlayer(cassette)
    expect(player.answer(ask('a'))).toHaveProperty('exchange')
    expect(player.answer(ask('b'))).toMatchObject({ difference: { step: 2, kind: 'missing' } })
    const idle = cassettePlayer(cassette)
    idle.answer(ask('a'))
    idle.answer(ask('c'))
    expect(idle.finish('done')).toMatchObject({ step: 2, kind: 'missing', got: 'the agent ended' })
  })

  it('is known by the ledger where its gateway recorded nothing, by its kind', () => {
    const cassette = joinRecording(
      recording({
        parts: [part(1)],
        pieces: [piece(1, model('a'))],
        acts: [
          { kind: 'model', id: 'mod_1', atMs: 10_100 },
          { kind: 'tool', id: 'act_1', atMs: 20_000 },
          { kind: 'model', id: 'mod_2', atMs: 30_000 },
        ],
      }),
    )
    expect(cassette.exchanges.map(({ lost }) => lost?.kind)).toEqual([undefined, 'tool', 'model'])
    const player = cassettePlayer(cassette)
    player.answer(ask('a'))
    expect(player.answer(act('{"tool":"look"}'))).toMatchObject({ difference: { step: 2, kind: 'missing' } })
  })

  it('and is known by both is one', () => {
    const { exchanges } = joinRecording(
      recording({
        parts: [part(2, { isOpen: true })],
        pieces: [piece(1, model('a'))],
        acts: [{ kind: 'tool', id: 'act_1', atMs: 20_000 }],
      }),
    )
    expect(exchanges).toHaveLength(2)
  })

  it('nor has a number is there when its gateway last wrote in the middle of it', () => {
    const { recorded } = joinRecording(
      recording({ parts: [part(1, { isOpen: true })], pieces: [piece(1, model('a'))] }),
    )
    expect(recorded?.missing).toHaveLength(1)
  })

  it('because it was too large is named, and is not counted again by the ledger', () => {
    const lost: Exchange = { ...model('', ''), lost: { why: 'too-large', kind: 'model' } }
    const cassette = joinRecording(
      recording({
        parts: [part(2)],
        pieces: [piece(1, lost), piece(2, model('b'))],
        acts: [
          { kind: 'model', id: 'mod_1', atMs: 10_100 },
          { kind: 'model', id: 'mod_2', atMs: 20_100 },
        ],
      }),
    )
    expect(cassette.recorded?.missing).toEqual([
      'Step 1, POST /openai/v1/chat/completions of 1970-01-01T00:00:10.000Z: it is larger than one exchange may be.',
    ])
    expect(cassettePlayer(cassette).answer(ask('a'))).toMatchObject({ difference: { step: 1, kind: 'missing' } })
  })

  it('does not hide that an earlier request is another one', () => {
    const cassette = joinRecording(
      recording({ parts: [part(3)], pieces: [piece(1, model('a')), piece(3, model('c'))] }),
    )
    expect(cassettePlayer(cassette).answer(ask('x'))).toMatchObject({ difference: { step: 1, kind: 'model' } })
  })
})

describe('the end', () => {
  it('is the reply that was told at the closing, and the closing itself is nobody to the agent', () => {
    const close: Exchange = { ...model('{}'), path: '/api/v1/tasks/tsk_1/close' }
    const cassette = joinRecording(
      recording({ parts: [part(2, { reply: 'done' })], pieces: [piece(1, model('a')), piece(2, close)] }),
    )
    const player = cassettePlayer(cassette)
    player.answer(ask('a'))
    expect(player.finish('done')).toBeUndefined()
    expect([...player.exempted]).toEqual(['POST /api/v1/tasks/{id}/close'])
    const other = cassettePlayer(cassette)
    other.answer(ask('a'))
    expect(other.finish('else')).toMatchObject({ kind: 'reply', want: 'done', got: 'else' })
  })

  it('is not compared where nobody told it', () => {
    const player = cassettePlayer(joinRecording(recording({ parts: [part(1)], pieces: [piece(1, model('a'))] })))
    player.answer(ask('a'))
    expect(player.finish('whatever')).toBeUndefined()
  })
})
