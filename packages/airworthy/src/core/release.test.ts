import { describe, expect, test } from 'vitest'
import { buildLock } from './manifest/lock.ts'
import { parseManifest } from './manifest/parse-manifest.ts'
import { driftOf, releaseOf } from './release.ts'

const lockWith = (description: string) =>
  buildLock({ servers: { desk: { tools: [{ name: 'look', description, inputSchema: { type: 'object' } }] } } })
const text = `agent: a
model: { id: m-1, base_url: "\${MODEL_URL}" }
mcpServers: { desk: { url: "\${DESK_URL}" } }
tools: { look: { server: desk, effect: read, permit: true } }
prompt: p.md
`
const env = { MODEL_URL: 'http://127.0.0.1:1', DESK_URL: 'http://127.0.0.1:2' }

function release({ manifest = text, lock = lockWith('d'), prompt = 'p', variables = env } = {}) {
  const { effective, faults } = parseManifest({
    text: manifest,
    env: variables,
    lock,
    promptText: prompt,
    policies: [{ file: 'a.cedar', text: '' }],
  })
  expect(faults).toEqual([])
  return releaseOf({ effective: effective!, lock })
}

describe('releaseOf', () => {
  test('layout, comments, order of keys and addresses do not matter', () => {
    const moved = `# comment\n${text.split('\n').toReversed().join('\n')}`
    expect(release({ manifest: moved }).digest).toBe(release().digest)
    expect(release({ variables: { MODEL_URL: 'http://127.0.0.1:8', DESK_URL: 'http://127.0.0.1:9' } }).digest).toBe(
      release().digest,
    )
  })

  test('the digest is stable across versions of the kit', () => {
    expect(release().digest).toBe('sha256:6264e85aaef5d2019574bb59856dc0c361714b40870c2d72d1df59430f6f6119')
  })

  test.each([
    ['the prompt', { prompt: 'other' }, ['prompt']],
    ['the model', { manifest: text.replace('m-1', 'm-2') }, ['manifest', 'model']],
    ['the manifest', { manifest: text.replace('permit: true', 'permit: { role: [x] }') }, ['manifest']],
    ['a tool definition', { lock: lockWith('e') }, ['lock', 'tools.look']],
  ])('%s changed: drift names it', (_, change, pins) => {
    const other = release(change)
    expect(other.digest).not.toBe(release().digest)
    expect(driftOf(release(), other).map(({ pin }) => pin)).toEqual(pins)
  })

  test('nothing changed: no drift', () => expect(driftOf(release(), release())).toEqual([]))
})
