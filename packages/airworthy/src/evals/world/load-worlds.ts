/**
 * Finds and makes the worlds of a trial: modules named by the manifest's `sandboxes` or by the scenario, and recorded results. A server
 * that a server of a test stage stands in for has none.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { Scenario } from '../dataset/scenario-shape.ts'
import { isOfThisMachine } from '../run/simulated-parts.ts'
import type { CreateWorld, World } from './world.ts'

export interface WorldMaker {
  /**
   * One world for each server of the manifest that no server of a test stage stands in for; servers of one module share one.
   * @throws EVAL_WORLD_INVALID
   */
  make(
    scenario: Pick<Scenario, 'world'>,
    options: { readonly seed: number; readonly nowMs: number },
  ): Promise<ReadonlyMap<string, World>>
  /** Something of what answers in such a trial is no server on its own: a module, a record, or the agent's own process. */
  isSimulated(scenario: Pick<Scenario, 'world'>): boolean
}

/**
 * @param folder  what module paths are relative to: the project's.
 * @param addresses  of the servers of a test stage, by the server that they stand in for.
 * @throws EVAL_WORLD_INVALID when a module cannot be loaded, or a server has neither a sandbox nor a scenario's world.
 */
export async function worldMaker(
  manifest: EffectiveManifest,
  folder: string,
  scenarios: readonly Pick<Scenario, 'id' | 'world'>[],
  addresses: ReadonlyMap<string, string> = new Map(),
): Promise<WorldMaker> {
  const loaded = new Map<string, CreateWorld>()
  const load = async (path: string): Promise<CreateWorld> => {
    const known = loaded.get(path)
    if (known !== undefined) return known
    const create = await loadModule(path, folder)
    loaded.set(path, create)
    return create
  }
  for (const path of new Set([
    ...Object.values(manifest.sandboxes),
    ...scenarios.flatMap(({ world }) => (world?.module === undefined ? [] : [world.module])),
  ])) {
    await load(path)
  }
  const servers = [...new Set(manifest.tools.flatMap(({ server }) => (server === undefined ? [] : [server])))]
  for (const { id, world } of scenarios) {
    const bare = servers.find(
      (server) =>
        manifest.sandboxes[server] === undefined &&
        manifest.sandboxServers?.[server] === undefined &&
        world?.module === undefined &&
        world?.results === undefined,
    )
    if (bare === undefined) continue
    throw invalid(
      `Nothing stands in for the server "${bare}" in the scenario "${id}", and evals never call a real one.`,
      `Name a module under sandboxes.${bare} in the manifest, or a server of a test stage there, or give the scenario a world.`,
    )
  }

  const isReal = (address: string | undefined): boolean => address !== undefined && !isOfThisMachine(address)
  return {
    // Who runs its tools itself shows nobody what they did.
    isSimulated: ({ world }) =>
      world?.module !== undefined ||
      world?.results !== undefined ||
      manifest.tools.some(({ server }) => server === undefined || !isReal(addresses.get(server))),
    async make({ world: written }, { seed, nowMs }) {
      const made = new Map<string, World>()
      const worlds = new Map<string, World>()
      const recorded = written?.results as Readonly<Record<string, readonly JsonValue[]>> | undefined
      for (const server of servers) {
        const path = written?.module ?? manifest.sandboxes[server]
        let world = path === undefined ? undefined : made.get(path)
        if (path !== undefined && world === undefined) {
          const create = loaded.get(path) as CreateWorld
          world = await create({ seed: written?.seed ?? seed, with: (written?.with ?? {}) as JsonObject, nowMs })
          made.set(path, world)
        }
        if (recorded === undefined && world === undefined) continue
        worlds.set(server, recorded === undefined ? (world as World) : recordedWorld(recorded, world))
      }
      return worlds
    },
  }
}

/** Plays recorded results in order, the last one for good; what is not recorded the world below answers, or nobody. */
function recordedWorld(results: Readonly<Record<string, readonly JsonValue[]>>, below: World | undefined): World {
  const next = new Map<string, number>()
  return {
    ...below,
    call(question) {
      const list = results[question.tool]
      if (list === undefined) {
        if (below === undefined) throw new Error(`${question.tool} has no recorded result.`)
        return below.call(question)
      }
      const index = next.get(question.tool) ?? 0
      next.set(question.tool, index + 1)
      return list[Math.min(index, list.length - 1)] as JsonValue
    },
    authorize: below?.authorize === undefined ? () => true : (question) => below.authorize?.(question) ?? false,
  }
}

async function loadModule(path: string, folder: string): Promise<CreateWorld> {
  const file = resolve(folder, path)
  let module: { readonly createWorld?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    throw invalid(
      `The world ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      'Correct the path or the module; it is relative to the manifest.',
    )
  }
  if (typeof module.createWorld !== 'function') {
    throw invalid(
      `The module ${path} exports no function createWorld.`,
      'Export createWorld(options); docs/evals.md shows one.',
    )
  }
  return module.createWorld as CreateWorld
}

function invalid(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'EVAL_WORLD_INVALID', message, mend })
}
