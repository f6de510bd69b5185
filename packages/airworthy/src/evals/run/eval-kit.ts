/** What evals need of a running kit. It arrives as an argument: evals know neither store nor server. */
import type { Digest } from '../../core/digest.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { Exchange } from '../cassette/cassette.ts'
import type { EvalStore } from '../port.ts'
import type { TrialRecord } from '../trial.ts'
import type { WorldRouter } from '../world/router.ts'
import type { AgentTask } from './agents/agent.ts'

export interface EvalKit {
  readonly manifest: EffectiveManifest
  readonly release: Digest
  readonly environment: string
  readonly mode: 'enforce' | 'observe'
  readonly urls: AgentTask['urls']
  readonly store: EvalStore
  /** The kit's only way out: nothing that it governs reaches a real server. */
  readonly router: WorldRouter
  /** Of the servers of a test stage, by the server that they stand in for. */
  readonly sandboxAddresses: ReadonlyMap<string, string>
  readonly clock: () => number
  readonly newId: (prefix: 'ent' | 'run') => string
  openTasks(requests: readonly TrialTask[]): Promise<readonly OpenedTrial[]>
  /** What passed between this trial's agent and the kit up to now, and forgets it. */
  exchangesOf(opened: OpenedTrial): readonly Exchange[]
  closeTasks(tasks: readonly string[]): Promise<void>
  /** What the ledger and the log hold of a task: actions, use, fallbacks. */
  factsOf(task: string): Promise<TrialFacts>
  /** Told of each action that waits for a person, until the function that is returned is called. */
  onHeld(listener: (held: HeldAction) => void): () => void
  /** Decides as the simulated approver, who holds every role; an approved action has been executed when it returns. */
  decide(approval: string, decision: 'approved' | 'rejected'): Promise<void>
  /** The kill switch, for attacks on what was stopped. */
  kill(tool: string): Promise<void>
  revive(tool: string): Promise<void>
}

export interface TrialTask {
  readonly principal: { readonly id: string; readonly attributes: JsonObject }
  readonly input: JsonValue
  readonly type?: string
  readonly cheaper?: true
}

export interface OpenedTrial {
  readonly task: string
  readonly token: string
  readonly traceId: string
}

export interface HeldAction {
  readonly task: string
  readonly tool: string
  readonly arguments: JsonObject
  readonly approval: string
}

export type TrialFacts = Pick<TrialRecord, 'actions' | 'used' | 'fallbacks'>
