/** What the kill switch of a running kit works with. */
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { Principal } from '../../core/principal.ts'
import type { Guard } from '../../guard/guard.ts'
import { govern } from '../../guard/pipeline.ts'
import type { UpstreamPort } from '../../guard/port.ts'
import { openTask } from '../tasks/open-task.ts'
import type { TaskStore } from '../tasks/port.ts'
import type { KillPorts } from './kill-switch.ts'
import type { KillStore } from './port.ts'

export interface KitOfKill {
  readonly guard: Guard
  readonly kills: KillStore
  readonly tasks: TaskStore
  readonly manifest: EffectiveManifest
  /** Aborts what runs under the kill. */
  readonly abortRunning: KillPorts['abortRunning']
}

export function killPortsOf({ guard, kills, tasks, manifest, abortRunning }: KitOfKill): KillPorts {
  const { clock, newId } = guard.ports
  return {
    kills,
    clock,
    newId,
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    abortRunning,
    gateway: guard.owner,
    /** A task of the kit's own, marked as a probe, asks for the killed tool and must be told KILLED. */
    async verify(_agent: string, tool: string): Promise<boolean> {
      const principal: Principal = { id: 'airworthy-probe', attributes: {}, verifiedBy: 'asserted_by_agent' }
      const opening = { principal, openedBy: 'embedded', probe: true }
      const { task } = await openTask({ ...guard, notReady: undefined }, tasks, opening)
      const attempted = tool === '*' ? (manifest.tools[0]?.name ?? tool) : tool
      const answer = await govern(
        { ...guard, ports: { ...guard.ports, upstream: unreachableUpstream } },
        { task: task.id, tool: attempted, arguments: {}, door: 'probe' },
      )
      return answer.reasons.some(({ code }) => code === 'KILLED')
    },
  }
}

/** The way out of a probe: nothing is there. */
const unreachableUpstream: UpstreamPort = {
  offeredDigest: async () => ({ kind: 'unreachable', why: 'a probe calls no server' }),
  call: async () => ({ kind: 'not-executed', why: 'a probe calls no server' }),
  reconcile: async () => ({ state: 'unknown' }),
}
