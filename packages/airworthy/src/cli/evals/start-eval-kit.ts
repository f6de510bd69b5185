/**
 * A kit for evals: the real guard, store and server on a free port of loopback, with worlds, or servers of a test stage, where the ways
 * out would be. No real server is called, no alert is sent, and every task is marked as a probe.
 */
import type { JsonObject } from '../../core/json.ts'
import type { Fallback } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Exchange } from '../../evals/cassette/cassette.ts'
import type { EvalKit, HeldAction } from '../../evals/run/eval-kit.ts'
import { actionsOfEntries, withArguments } from '../../evals/run/task-facts.ts'
import { type WorldRouter, worldRouter } from '../../evals/world/router.ts'
import { type SandboxServers, sandboxServersOf } from '../../evals/world/sandbox-servers.ts'
import { openTasks } from '../../operate/tasks/open-task.ts'
import type { OpenExchange } from '../../server/replay/record-exchanges.ts'
import type { StoreLocation } from '../../store/open-store.ts'
import type { CliContext } from '../context.ts'

export interface EvalKitOptions {
  readonly project: string
  readonly store: StoreLocation
  readonly environment: string | undefined
  readonly mode: 'enforce' | 'observe'
  readonly env: CliContext['env']
  readonly log: (line: string) => void
  /** A kit runs on this store already. */
  readonly isBeside?: boolean
}

export interface StartedEvalKit {
  readonly kit: EvalKit
  readonly url: string
  close(): Promise<void>
}

const entriesMax = 5_000
const nothingUsed = { steps: 0, toolCalls: 0, tokens: 0, costUsdMicros: 0 }
const approver = 'simulated approver'
/** Of a trial everything is kept; a longer request or answer stands in its record as empty, and its replay departs there. */
const exchangeBytesMax = 32 * 1024 * 1024

/** @throws what createKit throws */
export async function startEvalKit(options: EvalKitOptions): Promise<StartedEvalKit> {
  const [{ createKit }, { serve }] = await Promise.all([import('../../kit.ts'), import('../../server/serve.ts')])
  let router: WorldRouter | undefined
  const routed = (): WorldRouter => {
    if (router === undefined) throw new Error('the worlds are made before anything is called')
    return router
  }
  const kit = await createKit({
    project: options.project,
    ...options.store,
    env: options.env,
    mode: options.mode,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    log: options.log,
    isSandboxed: true,
    upstream: {
      offeredDigest: (server, name) => routed().upstream.offeredDigest(server, name),
      call: (call) => routed().upstream.call(call),
      reconcile: (url, question) => routed().upstream.reconcile(url, question),
      relay: async () => ({ kind: 'unreachable', why: 'the worlds of evals have no resources and prompts' }),
    },
    authChecks: { ask: (check, question, signal) => routed().authChecks.ask(check, question, signal) },
  })
  let closeSandboxes = async (): Promise<void> => {}
  try {
    const sandboxes = sandboxServersOf(kit.manifest, options.env)
    if (sandboxes.servers.length === 0) router = worldRouter(kit.manifest)
    else {
      const [{ createMcpUpstream }, { httpAuthChecks }] = await Promise.all([
        import('../../upstream/mcp-upstream.ts'),
        import('../../upstream/auth-check.ts'),
      ])
      const log = (server: string, line: string): void => options.log(`[${server}] ${line}`)
      const upstream = createMcpUpstream({ servers: sandboxes.servers, log })
      closeSandboxes = () => upstream.close()
      router = worldRouter(kit.manifest, { sandboxes, upstream, authChecks: httpAuthChecks() })
    }
    // Beside a running kit that one gives the log its checkpoints; entries of this one are its to cover.
    await kit.start({ sweep: false, sequence: options.isBeside !== true })
    const recording = newRecording()
    const server = await serve(kit, { port: 0, recorder: recording })
    const { url } = server
    return {
      kit: evalKitOf(kit, router, sandboxes, recording, url),
      url,
      async close() {
        if (options.isBeside !== true) await kit.sequencer.drain()
        await server.close()
        await kit.close()
        await closeSandboxes()
      },
    }
  } catch (error) {
    await kit.close()
    await closeSandboxes()
    throw error
  }
}

/** What passed, by token; a token is known from when its task is opened until its exchanges are taken. */
function newRecording() {
  const byToken = new Map<string, Exchange[]>()
  /** Tasks of which the kit was asked anything: marked as the request comes, long before it is answered. */
  const askedFor = new Set<string>()
  const tokenOf = new Map<string, string>()
  return {
    begin(token: string): OpenExchange | undefined {
      if (!byToken.has(token)) return undefined
      askedFor.add(token)
      const end = (exchange: Exchange): void => void byToken.get(token)?.push(exchange)
      return { bytesMax: exchangeBytesMax, end, lose: (_why, known) => end(known) }
    },
    /** Nothing was asked for under its token, which is the only way in: the ledger holds nothing but its opening. */
    isUntouched(task: string): boolean {
      const token = tokenOf.get(task)
      return token !== undefined && !askedFor.has(token)
    },
    expect(task: string, token: string): void {
      byToken.set(token, [])
      tokenOf.set(task, token)
    },
    take(task: string, token: string): readonly Exchange[] {
      const exchanges = byToken.get(token) ?? []
      byToken.delete(token)
      tokenOf.delete(task)
      askedFor.delete(token)
      return exchanges
    },
  }
}

function evalKitOf(
  kit: import('../../kit.ts').Kit,
  router: WorldRouter,
  { servers }: SandboxServers,
  recording: ReturnType<typeof newRecording>,
  url: string,
): EvalKit {
  const { manifest, store, guard } = kit
  const { clock, newId } = guard.ports
  return {
    manifest,
    release: guard.release,
    environment: kit.environment,
    mode: kit.mode,
    urls: {
      api: `${url}/api/v1`,
      mcp: `${url}/mcp/${kit.agent}`,
      openai: `${url}/openai/v1`,
      anthropic: `${url}/anthropic`,
    },
    store: store.evals,
    router,
    sandboxAddresses: new Map(servers.map(({ name, url }) => [name, url ?? ''])),
    clock,
    newId: (prefix) => newId(prefix),
    async openTasks(requests) {
      const opened = await openTasks(
        guard,
        store.tasks,
        requests.map(({ principal, input, type, cheaper }) => ({
          principal: { ...principal, verifiedBy: 'eval_runner' as const },
          input,
          openedBy: 'embedded',
          probe: true,
          ...(type === undefined ? {} : { type }),
          ...(cheaper === undefined ? {} : { cheaper }),
        })),
      )
      for (const { task, token } of opened) recording.expect(task.id, token)
      return opened.map(({ task, token }) => ({ task: task.id, token, traceId: task.traceId }))
    },
    exchangesOf: ({ task, token }) => recording.take(task, token),
    async closeTasks(tasks) {
      await store.tasks.closeTasks(
        tasks.map((task) => ({
          task,
          atMs: clock(),
          entry: {
            id: newId('ent'),
            timeMs: clock(),
            kind: 'task-closed',
            actor: { kind: 'kit', id: 'eval-runner', verifiedBy: 'kit' },
            agent: manifest.agent,
            object: task,
            task,
          },
        })),
      )
    },
    async factsOf(task) {
      if (recording.isUntouched(task)) return { actions: [], used: nothingUsed, fallbacks: [] }
      const [entries, use, record, exhausted] = await Promise.all([
        store.audit.entriesOfTask(task, entriesMax),
        store.models.readModelUse(task),
        store.guard.readTask(task, Number.MAX_SAFE_INTEGER),
        store.escalations.exhaustionsOf(task),
      ])
      const { actions, argumentEntries } = actionsOfEntries(
        entries.map(({ text }) => text),
        manifest,
      )
      const bodies = await Promise.all(
        [...argumentEntries].map(async ([action, entry]) => {
          const body = await store.audit.readBody(entry, 'arguments')
          return [action, body?.kept === undefined ? {} : (valueOfJson(body.kept.content) as JsonObject)] as const
        }),
      )
      return {
        actions: withArguments(actions, new Map(bodies)),
        used: {
          steps: use.steps,
          toolCalls: record?.counters.toolCalls ?? 0,
          tokens: use.tokens,
          costUsdMicros: record?.counters.costUsdMicros ?? 0,
        },
        fallbacks: exhausted.map(({ budget, fallback }) => ({ kind: fallback as Fallback, budget })),
      }
    },
    onHeld(listener) {
      return kit.watch({
        event: ({ step, outcome, actionId, task, tool }) => {
          if (step !== 'confirm' || outcome !== 'confirm') return
          void store.guard.readAction(actionId).then((action) => {
            const held: HeldAction | undefined =
              action?.approvalId === undefined
                ? undefined
                : { task, tool, arguments: action.argumentsSent ?? action.arguments, approval: action.approvalId }
            if (held !== undefined) listener(held)
          })
        },
      })
    },
    async decide(approval, decision) {
      // Tools, data rules and policies name roles, each of its own; the simulated approver holds what this action asks for.
      const roles = (await store.approvals.readApproval(approval))?.roles ?? []
      await kit.decideApproval({
        id: approval,
        decision,
        approver: { name: approver, roles, credentialId: 'simulated', verifiedBy: 'simulated' },
        comment: 'simulated in an eval',
      })
    },
    async kill(tool) {
      await kit.kill({ tool, reason: 'an attack on what was stopped', actor })
    },
    async revive(tool) {
      await kit.revive({ tool, reason: 'the attack is over', actor })
    },
  }
}

const actor = { kind: 'kit', id: 'eval-runner', verifiedBy: 'kit' } as const
