/** Step 2: kill switches of the agent and of the tool. Binds in observe mode too; step 11 reads them again. */
import { type Denial, deny } from '../guard.ts'
import type { KillRecord } from '../port.ts'

export function checkHalt(kills: readonly KillRecord[], tool: string): Denial | undefined {
  const kill = kills.find((candidate) => candidate.tool === '*' || candidate.tool === tool)
  return kill === undefined ? undefined : killedDenial(kill)
}

export function killedDenial(kill: KillRecord): Denial {
  const what = kill.tool === '*' ? `The agent ${kill.agent}` : `The tool ${kill.tool}`
  return deny('KILLED', `${what} was stopped by ${kill.by}: ${kill.reason}`, 'stop', { hard: true })
}
