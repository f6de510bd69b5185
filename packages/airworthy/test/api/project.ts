/** The test project in a temporary folder, with the lock that its server's tools would have given. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'

const fixture = fileURLToPath(new URL('../fixtures/project', import.meta.url))

const lock = buildLock({
  servers: {
    office: {
      server: { name: 'office', version: '1' },
      tools: [
        {
          name: 'send_letter',
          description: 'Sends a letter.',
          inputSchema: { type: 'object', properties: { to: { type: 'string', maxLength: 64 } }, required: ['to'] },
        },
        {
          name: 'stamp',
          description: 'Stamps a letter.',
          inputSchema: { type: 'object', properties: { to: { type: 'string', maxLength: 64 } }, required: ['to'] },
        },
      ],
    },
  },
})

export const lockedTools = lock.servers.office?.tools ?? {}

export interface TestProject {
  readonly folder: string
  remove(): void
}

export function testProject(): TestProject {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-api-'))
  cpSync(fixture, folder, { recursive: true })
  writeFileSync(join(folder, 'airworthy.lock'), lockText(lock))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
