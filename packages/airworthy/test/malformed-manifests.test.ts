/** What people read when a manifest is wrong: every fault at once, each with its place, its reason and its mend. `vitest -u` updates the texts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { renderFault } from '../src/core/errors.ts'
import { buildLock } from '../src/core/manifest/lock.ts'
import { parseManifest } from '../src/core/manifest/parse-manifest.ts'

const folder = fileURLToPath(new URL('golden/manifest', import.meta.url))
const cases = readdirSync(folder).sort()

const properties = {
  order: { type: 'string' },
  amount: { type: 'number', minimum: 0, maximum: 1000 },
  reason: { enum: ['late', 'broken'] },
}
const lock = buildLock({
  servers: {
    helpdesk: {
      server: { name: 'helpdesk', version: '1.0.0' },
      tools: [
        { name: 'lookup_order', inputSchema: { type: 'object', properties: { order: { type: 'string' } } } },
        { name: 'refund', inputSchema: { type: 'object', properties } },
        { name: 'send_email', inputSchema: { type: 'object', properties: { to: { type: 'string' } } } },
        { name: 'deleteAccount', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
        { name: 'wipe', inputSchema: { type: 'object' }, annotations: { destructiveHint: true } },
      ],
    },
  },
})

describe('a malformed manifest', () => {
  test('there are at least twenty of them', () => expect(cases.length).toBeGreaterThanOrEqual(20))

  test.each(cases)('%s', async (name) => {
    const text = readFileSync(join(folder, name, 'input.yaml'), 'utf8')
    const { effective, faults } = parseManifest({ text, env: {}, lock, nowMs: Date.parse('2026-06-01') })
    expect(effective).toBeUndefined()
    expect(faults.length).toBeGreaterThan(0)
    for (const fault of faults) expect(fault.line).toBeGreaterThan(0)
    await expect(`${faults.map(renderFault).join('\n\n')}\n`).toMatchFileSnapshot(join(folder, name, 'faults.txt'))
  })
})
