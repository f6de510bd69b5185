import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startAgent } from './services.ts'

let folder: string
let lines: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-services-'))
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function agentOf(source: string) {
  const script = join(folder, 'agent.mjs')
  writeFileSync(script, source)
  return startAgent(script, folder, {}, (line) => lines.push(line))
}
const failed = { code: 'DEMO_FAILED', message: expect.stringContaining('it ended with code 0') }

it('a task for an agent that reads no more, or has ended, fails with it', async () => {
  const agent = agentOf('process.stdin.destroy(); setTimeout(() => process.exit(0), 300)')
  await new Promise((resolve) => setTimeout(resolve, 150))
  await expect(agent.run({ task: 't1', input: 'x'.repeat(1_000_000) })).rejects.toMatchObject(failed)
  await expect(agent.run({ task: 't2' })).rejects.toMatchObject(failed)
  await agent.stop()
})

it('a line that is no answer is shown, and the answer behind it counts', async () => {
  const agent = agentOf(
    `process.stdin.once('data', () => console.log('(a warning)\\nnull\\n{"task":"t1","reply":"done"}'))`,
  )
  expect(await agent.run({ task: 't1' })).toMatchObject({ reply: 'done' })
  expect(lines).toEqual(['[agent] (a warning)', '[agent] null'])
  await agent.stop()
})
