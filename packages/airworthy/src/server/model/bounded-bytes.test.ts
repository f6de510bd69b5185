import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { boundedBytes } from './bounded-bytes.ts'

const kinds: readonly (readonly [string, (pieces: () => AsyncGenerator<Buffer>) => AsyncIterable<Uint8Array>])[] = [
  ['a readable stream', (pieces) => Readable.from(pieces())],
  ['anything else that comes in pieces', (pieces) => pieces()],
]

describe.each(kinds)('%s', (_kind, make) => {
  it.each<[string, readonly (string | Error)[], string | undefined]>([
    ['of nothing is empty', [], ''],
    ['of one piece is that', ['abc'], 'abc'],
    ['of several is all of them', ['ab', 'c', 'd'], 'abcd'],
    ['of as much as it may be comes', ['abcd'], 'abcd'],
    ['that is longer does not', ['abcd', 'e'], undefined],
    ['that is longer at once does not', ['abcde'], undefined],
    ['that breaks off does not', ['ab', new Error('reset')], undefined],
  ])('%s', async (_what, pieces, expected) => {
    const body = make(async function* () {
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece
        yield Buffer.from(piece)
      }
    })
    const bytes = await boundedBytes(body, 4)
    expect(bytes && Buffer.from(bytes).toString()).toBe(expected)
  })
})

it('a stream that is gone has no bytes', async () => {
  expect(await boundedBytes(Readable.from([Buffer.from('a')]).destroy(), 4)).toBeUndefined()
})
