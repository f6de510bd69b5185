/** Step 2: kill switches of the agent and of the tool. Binds in observe mode too; step 11 reads them again. */
import { type Denial, deny, type Guard } from '../guard.ts'
import type { KillRecord } from '../port.ts'

export async function checkHalt(guard: Guard, tool: string): Promise<Denial | undefined> {
  const kills = await guard.ports.store.readKills(guard.manifest.agent)
  const kill = kills.find((candidate) => candidate.tool === '*' || candidate.tool === tool)
  return kill === undefined ? undefined : killedDenial(kill)
}

export function killedDenial(kill: KillRecord): Denial {
  const what = kill.tool === '*' ? `The agent ${kill.agent}` : `The tool ${kill.tool}`
  return deny('KILLED', `${what} was stopped by ${kill.by}: ${kill.reason}`, 'stop', { hard: true })
}
