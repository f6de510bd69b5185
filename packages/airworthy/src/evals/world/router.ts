/**
 * Stands where the kit's ways out are: a tool call goes to the world of the trial whose trace it carries, and nowhere else. What no trial
 * owns, and servers that neither a world nor a server of a test stage answers for, are refused; nothing here ever reaches a real server.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { AuthCheckPort, UpstreamCall, UpstreamOutcome, UpstreamPort } from '../../guard/port.ts'
import type { WorldCall } from '../trial.ts'
import type { SandboxWays } from './sandbox-servers.ts'
import type { World, WorldPrincipal } from './world.ts'

export interface TrialWorld {
  readonly principal: WorldPrincipal
  /** By server name. */
  readonly worlds: ReadonlyMap<string, World>
  /** Every call that reached a world, in order; the router appends. */
  readonly effects: WorldCall[]
  /** Tools that their server now lists otherwise than they were locked: they are refused as changed. */
  readonly poisoned?: ReadonlySet<string>
  /** Changes what a world answered before anybody sees it: how an attack is planted. */
  readonly change?: (tool: string, result: JsonObject) => JsonObject
}

export interface WorldRouter {
  readonly upstream: UpstreamPort
  readonly authChecks: AuthCheckPort
  enter(traceId: string, trial: TrialWorld): void
  leave(traceId: string): void
}

/** @param ways  to servers of a test stage; undefined: there are none. */
export function worldRouter(manifest: EffectiveManifest, ways?: SandboxWays): WorldRouter {
  const trials = new Map<string, TrialWorld>()
  const toolOf = new Map(
    manifest.tools.flatMap((tool) =>
      tool.server === undefined ? [] : [[`${tool.server} ${tool.upstreamName}`, tool] as const],
    ),
  )
  const checkOf = new Map(Object.entries(manifest.authChecks).map(([name, check]) => [check, name]))

  const isBeyond = (server: string): boolean => ways?.sandboxes.authChecks.has(server) === true

  return {
    enter: (traceId, trial) => void trials.set(traceId, trial),
    leave: (traceId) => void trials.delete(traceId),
    upstream: {
      async offeredDigest(server, upstreamName) {
        // What a test stage offers must be what was locked, as of the real server.
        if (ways !== undefined && isBeyond(server)) return await ways.upstream.offeredDigest(server, upstreamName)
        const tool = toolOf.get(`${server} ${upstreamName}`)
        return tool === undefined ? { kind: 'missing' } : { kind: 'offered', definitionDigest: tool.definitionDigest }
      },
      call: async (call) => await answer(trials.get(call.traceparent.slice(3, 35)), call),
      reconcile: async () => ({ state: 'unknown', why: 'the world of an eval has no reconcile hook' }),
    },
    authChecks: {
      async ask(check, question, signal, trace) {
        const trial = trials.get(question.trace_id)
        const name = checkOf.get(check)
        const tool = manifest.tools.find((one) => one.name === question.tool)
        const world = tool?.server === undefined ? undefined : trial?.worlds.get(tool.server)
        if (trial !== undefined && name !== undefined && world === undefined && tool?.server !== undefined) {
          const there = ways?.sandboxes.authChecks.get(tool.server)?.get(name)
          if (ways !== undefined && there !== undefined)
            return await ways.authChecks.ask(there, question, signal, trace)
        }
        if (trial === undefined || name === undefined || world?.authorize === undefined) {
          return { kind: 'unavailable', why: 'the world of this trial does not answer authorization questions' }
        }
        try {
          const isYes = await world.authorize({
            check: name,
            tool: question.tool,
            arguments: question.arguments,
            principal: trial.principal,
          })
          return isYes === true ? { kind: 'allowed' } : { kind: 'denied', why: `the world says no to ${name}` }
        } catch {
          return { kind: 'unavailable', why: 'the world failed on an authorization question' }
        }
      },
    },
  }

  async function answer(trial: TrialWorld | undefined, call: UpstreamCall): Promise<UpstreamOutcome> {
    const world = trial?.worlds.get(call.server)
    if (trial === undefined || (world === undefined && !isBeyond(call.server))) {
      return noWorld
    }
    const { server, upstreamName, arguments: args, idempotencyKey } = call
    const tool = toolOf.get(`${server} ${upstreamName}`)?.name ?? upstreamName
    if (trial.poisoned?.has(tool) === true) {
      return { kind: 'not-executed', why: 'the server offers another definition of it than the pinned one' }
    }
    if (world === undefined) return ways === undefined ? noWorld : await answerBeyond(ways, trial, tool, call)
    let result: JsonObject
    try {
      // A copy: a world that changes what it was given must not change the record.
      const asked = { server, tool: upstreamName, arguments: structuredClone(args), idempotencyKey }
      result = toolResultOf(await world.call({ ...asked, principal: trial.principal }))
    } catch (error) {
      result = {
        content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }],
        isError: true,
      }
    }
    trial.effects.push({ server, tool, arguments: args, result, isError: result.isError === true })
    const shown = trial.change === undefined ? result : trial.change(tool, result)
    return { kind: 'answered', result: shown, isError: shown.isError === true }
  }
}

const noWorld = { kind: 'not-executed', why: 'no world of this eval answers for that server' } as const

/** Over the wire. A call of which nobody knows whether it arrived counts as one that did. */
async function answerBeyond(
  ways: SandboxWays,
  trial: TrialWorld,
  tool: string,
  call: UpstreamCall,
): Promise<UpstreamOutcome> {
  const outcome = await ways.upstream.call(call)
  if (outcome.kind === 'not-executed') return outcome
  const { server, arguments: args } = call
  if (outcome.kind === 'unknown') {
    const result = { content: [{ type: 'text', text: outcome.why }], isError: true }
    trial.effects.push({ server, tool, arguments: args, result, isError: false })
    return outcome
  }
  trial.effects.push({ server, tool, arguments: args, result: outcome.result, isError: outcome.isError })
  if (trial.change === undefined) return outcome
  const shown = trial.change(tool, outcome.result)
  return { kind: 'answered', result: shown, isError: shown.isError === true }
}

/** An MCP CallToolResult as it is; any other JSON as the structured content of one. */
export function toolResultOf(value: JsonValue): JsonObject {
  if (isJsonObject(value) && Array.isArray(value.content)) return value
  return {
    content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
    ...(isJsonObject(value) ? { structuredContent: value } : {}),
  }
}
