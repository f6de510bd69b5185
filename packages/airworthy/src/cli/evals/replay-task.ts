/** Runs the real agent once more against a cassette, with nothing else to reach, and says where it departs. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { Cassette } from '../../evals/cassette/cassette.ts'
import { cassettePlayer, type Difference } from '../../evals/cassette/player.ts'
import type { AgentUnderTest } from '../../evals/run/agents/agent.ts'
import { startReplayServer } from '../../server/replay/replay-server.ts'
import type { CliContext } from '../context.ts'
import { agentOf } from './agent-of-manifest.ts'

export interface ReplayedTask {
  readonly task: string
  readonly identical: boolean
  readonly difference?: Difference
  /** Recorded exchanges, and how many of them were asked for again. */
  readonly exchanges: number
  readonly answered: number
  /** Members that differ in every run by nature and were left out of a comparison. */
  readonly exempted: readonly string[]
  /** Exchanges out of which the recording left something: there a replay cannot tell one value from another. */
  readonly redacted: number
  /** What the record lacks, a sentence each: it can be identical to nothing. */
  readonly missing: readonly string[]
}

export interface ReplayOptions {
  readonly manifest: EffectiveManifest
  readonly project: string
  readonly env: CliContext['env']
  readonly timeoutMs: number
  readonly log: (line: string) => void
}

/** How long an agent that has departed may take to notice. */
const departedMs = 500

export interface Replayer {
  /** One after another: the agent's worker serves them all, until one departs. */
  replay(cassette: Cassette): Promise<ReplayedTask>
  close(): Promise<void>
}

/** The agent is started once and can reach nothing but the replay's own server. @throws EVAL_AGENT_INVALID */
export async function startReplayer({ manifest, project, env, log, timeoutMs }: ReplayOptions): Promise<Replayer> {
  const server = await startReplayServer()
  const { url } = server
  const urls = {
    api: `${url}/api/v1`,
    mcp: `${url}/mcp/${manifest.agent}`,
    openai: `${url}/openai/v1`,
    anthropic: `${url}/anthropic`,
  }
  const start = (): Promise<AgentUnderTest> => agentOf(manifest, { project, env, urls, workers: 1, log })
  let agent = await start()
  return {
    async replay(cassette) {
      const player = cassettePlayer(cassette)
      // Of the form of a task token, and good for nothing: the replay's own server is all that it opens.
      const token = `awt_${randomBytes(24).toString('base64url')}`
      const departed = server.play(token, player)
      const stop = new AbortController()
      const timer = setTimeout(() => stop.abort(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs)
      const { principal, input, turns } = cassette.given
      const given = {
        task: cassette.task,
        token,
        principal: principal as never,
        ...(input === undefined ? {} : { input }),
        ...(turns === undefined ? {} : { turns }),
        urls,
      }
      let ended: { readonly reply?: string; readonly error?: string } = {}
      try {
        ended = await Promise.race([
          agent
            .run(given, stop.signal)
            .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) })),
          departed.then(async () => {
            await sleep(departedMs)
            return {}
          }),
        ])
      } finally {
        clearTimeout(timer)
        server.stop(token)
      }
      const difference =
        player.finish(ended.reply) ?? (ended.error === undefined ? undefined : failed(cassette, ended.error))
      if (difference !== undefined) {
        // What it is in the middle of must not reach into the next replay.
        stop.abort(new Error('the replay is over'))
        await agent.close()
        agent = await start()
      }
      return {
        task: cassette.task,
        identical: difference === undefined,
        ...(difference === undefined ? {} : { difference }),
        exchanges: cassette.exchanges.length,
        answered: player.answered,
        exempted: [...player.exempted],
        redacted: cassette.recorded?.redacted ?? 0,
        missing: cassette.recorded?.missing ?? [],
      }
    },
    async close() {
      await agent.close()
      await server.close()
    },
  }
}

function failed(cassette: Cassette, error: string): Difference {
  const step = cassette.exchanges.length + 1
  return {
    step,
    kind: 'reply',
    path: '',
    want: cassette.reply ?? (cassette.recorded === undefined ? 'no reply' : 'an agent that ends by itself'),
    got: `the agent failed: ${error.slice(0, 300)}`,
  }
}
