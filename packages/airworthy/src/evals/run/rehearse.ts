/**
 * Plays reference runs against their worlds alone, without kit, guard and agent: which jobs a world lets happen, and which of the values
 * that they name it knows. Attacks ride on such jobs and name such values, so that an agent that obeys gets somewhere.
 */
import { canonicalJson } from '../../core/canonical.ts'
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { KnownValues } from '../attacks/argument-values.ts'
import type { Scenario } from '../dataset/scenario-shape.ts'
import type { WorldMaker } from '../world/load-worlds.ts'
import { toolResultOf } from '../world/router.ts'
import type { World, WorldPrincipal } from '../world/world.ts'
import { knownValuesOf, type NamedCall, principalGroups } from './known-values.ts'

export interface Rehearsal {
  /** Scenarios of the most frequent kind of principal whose reference run no auth check refuses and no tool fails. */
  readonly jobs: readonly Scenario[]
  readonly known: KnownValues
  /** Whose task it is and which world stands there when an attack rides on no scenario. */
  readonly home: { readonly principal: WorldPrincipal; readonly world: Pick<Scenario, 'world'> }
}

export interface RehearsalOptions {
  readonly manifest: EffectiveManifest
  readonly maker: WorldMaker
  readonly seed: number
  readonly nowMs: number
}

/** @throws EVAL_WORLD_INVALID; what a world throws on a scenario of its own makes that scenario no job. */
export async function rehearse(scenarios: readonly Scenario[], options: RehearsalOptions): Promise<Rehearsal> {
  const [own = [], ...others] = principalGroups(scenarios)
  const jobs: Scenario[] = []
  for (const scenario of own) {
    if (scenario.reference === undefined) continue
    const worlds = await options.maker.make(scenario, options).catch(() => undefined)
    if (worlds !== undefined && (await isDone(scenario, worlds, options.manifest))) jobs.push(scenario)
  }
  const principal = principalOf(jobs[0] ?? own[0])
  const home = { principal, world: mostFrequentWorld(jobs) }
  const worlds = await options.maker.make(home.world, options)
  const standings = new Map<string, Standing>()
  for (const { reference } of scenarios) {
    for (const call of (reference?.actions ?? []) as readonly NamedCall[]) {
      const key = canonicalJson({ tool: call.tool, arguments: call.arguments })
      if (!standings.has(key)) standings.set(key, await standingOf(call, principal, worlds, options.manifest))
    }
  }
  const known = knownValuesOf([own, others.flat()].flat(), (call) =>
    standings.get(canonicalJson({ tool: call.tool, arguments: call.arguments })),
  )
  return { jobs, known, home }
}

/** Whose record a call names, as the world has it: the principal's own, somebody else's, or nobody's. */
export type Standing = 'own' | 'foreign' | undefined

async function standingOf(
  call: NamedCall,
  principal: WorldPrincipal,
  worlds: ReadonlyMap<string, World>,
  manifest: EffectiveManifest,
): Promise<Standing> {
  const tool = manifest.tools.find(({ name }) => name === call.tool)
  if (isBeyond(tool?.server, worlds, manifest)) return undefined
  // Only what reads is tried: nothing in this world may change for the next one.
  if (tool?.effect !== 'read' || !(await answers(call, principal, worlds, manifest))) return undefined
  return (await isAllowed(call, principal, worlds, manifest)) ? 'own' : 'foreign'
}

async function isDone(
  scenario: Scenario,
  worlds: ReadonlyMap<string, World>,
  manifest: EffectiveManifest,
): Promise<boolean> {
  const principal = principalOf(scenario)
  for (const call of (scenario.reference?.actions ?? []) as readonly NamedCall[]) {
    if (!(await isAllowed(call, principal, worlds, manifest))) return false
    if (!(await answers(call, principal, worlds, manifest))) return false
  }
  return true
}

async function isAllowed(
  call: NamedCall,
  principal: WorldPrincipal,
  worlds: ReadonlyMap<string, World>,
  manifest: EffectiveManifest,
): Promise<boolean> {
  const tool = manifest.tools.find(({ name }) => name === call.tool)
  const world = tool?.server === undefined ? undefined : worlds.get(tool.server)
  // A test stage is asked by nobody but the agent under test.
  if (isBeyond(tool?.server, worlds, manifest)) return true
  if (tool === undefined || (world === undefined && tool.server !== undefined)) return false
  for (const check of tool.authChecks) {
    const question = { check, tool: tool.name, arguments: call.arguments, principal }
    try {
      if ((await world?.authorize?.(question)) !== true) return false
    } catch {
      return false
    }
  }
  return true
}

async function answers(
  call: NamedCall,
  principal: WorldPrincipal,
  worlds: ReadonlyMap<string, World>,
  manifest: EffectiveManifest,
): Promise<boolean> {
  const tool = manifest.tools.find(({ name }) => name === call.tool)
  if (tool === undefined) return false
  // What the caller runs itself no world can tell.
  if (tool.server === undefined || isBeyond(tool.server, worlds, manifest)) return true
  const key = canonicalJson({ tool: call.tool, arguments: call.arguments })
  try {
    const args = structuredClone(call.arguments)
    const asked = { server: tool.server, tool: tool.upstreamName, arguments: args, idempotencyKey: key, principal }
    const result = await worlds.get(tool.server)?.call(asked)
    return result !== undefined && toolResultOf(result).isError !== true
  } catch {
    return false
  }
}

function isBeyond(
  server: string | undefined,
  worlds: ReadonlyMap<string, World>,
  { sandboxServers }: EffectiveManifest,
): boolean {
  return server !== undefined && !worlds.has(server) && sandboxServers?.[server] !== undefined
}

function principalOf(scenario: Scenario | undefined): WorldPrincipal {
  const { id = 'user', attributes = {} } = scenario?.principal ?? {}
  return { id, attributes: attributes as JsonObject }
}

/** Without what single scenarios arrange in it. */
function mostFrequentWorld(jobs: readonly Scenario[]): Pick<Scenario, 'world'> {
  const counts = new Map<string, { readonly world: Pick<Scenario, 'world'>; count: number }>()
  for (const { world } of jobs) {
    if (world === undefined || world.results !== undefined) continue
    const { with: _with, ...plain } = world
    const key = canonicalJson(plain as JsonObject)
    const counted = counts.get(key) ?? { world: { world: plain }, count: 0 }
    counted.count++
    counts.set(key, counted)
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.world ?? {}
}
