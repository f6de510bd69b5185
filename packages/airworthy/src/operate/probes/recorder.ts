/** The ways out of a probe: they record what would have left the kit, and call nobody. */
import type { AuthCheck, EffectiveTool } from '../../core/manifest/effective.ts'
import type {
  AuthAnswer,
  AuthCheckPort,
  AuthQuestion,
  UpstreamCall,
  UpstreamOutcome,
  UpstreamPort,
} from '../../guard/port.ts'

export interface Recorder {
  readonly port: UpstreamPort
  /** What the upstream received, oldest first. A probe succeeds by what does not stand here. */
  readonly received: readonly UpstreamCall[]
}

/** Offers exactly these tools, with their pinned definitions. @param onCall runs while the call is under way. */
export function recordingUpstream(
  tools: readonly EffectiveTool[],
  onCall: (call: UpstreamCall) => Promise<void> = async () => {},
): Recorder {
  const key = (server: string, name: string): string => JSON.stringify([server, name])
  const digests = new Map(
    tools.map((tool) => [key(tool.server ?? '', tool.upstreamName), tool.definitionDigest] as const),
  )
  const received: UpstreamCall[] = []
  return {
    received,
    port: {
      async offeredDigest(server, upstreamName) {
        const definitionDigest = digests.get(key(server, upstreamName))
        return definitionDigest === undefined ? { kind: 'missing' } : { kind: 'offered', definitionDigest }
      },
      async call(call): Promise<UpstreamOutcome> {
        received.push(call)
        await onCall(call)
        return { kind: 'answered', result: { content: [] }, isError: false }
      },
      async reconcile() {
        return { state: 'unknown', why: 'a probe asks no server' }
      },
    },
  }
}

/** Asks nobody; the answer comes from the probe. */
export function answeringAuthChecks(
  answer: (check: AuthCheck, question: AuthQuestion, signal: AbortSignal) => Promise<AuthAnswer>,
): AuthCheckPort {
  return { ask: answer }
}

export const yesToAll: AuthCheckPort = answeringAuthChecks(async () => ({ kind: 'allowed' }))
