/**
 * Executes tools once each: the first result of an idempotency key is kept, and a second call with that key gets it again and
 * has no second effect. Reconciling asks what became of a key; a key that never arrived is burnt by the question, so that the
 * answer "failed" stays true if the lost call turns up late.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Desk, ToolRefusal } from './desk.ts'
import type { DeskTool } from './tool.ts'

type Outcome =
  | { readonly ok: true; readonly output: Record<string, unknown> }
  | { readonly ok: false; readonly why: string }

interface Reconciled {
  readonly state: 'succeeded' | 'failed' | 'unknown'
  readonly result?: Record<string, unknown>
}

export interface Executor {
  /** @param key absent for calls that nobody will repeat. Input was checked against the tool's schema. */
  execute(tool: DeskTool, input: Record<string, unknown>, key: string | undefined): Outcome
  reconcile(key: string, tool: string, input: Record<string, unknown>): Reconciled
}

interface Call {
  readonly tool: string
  readonly input: Record<string, unknown>
}

/** Kept for the life of the process, which bounds it: forgetting a key would allow a second effect. */
const keysMax = 200_000

export function createExecutor(desk: Desk): Executor {
  const kept = new Map<string, { readonly call: Call; readonly outcome: Outcome }>()

  const keep = (key: string, call: Call, outcome: Outcome): Outcome => {
    kept.set(key, { call, outcome })
    return outcome
  }

  return {
    execute(tool, input, key) {
      if (key === undefined) return attempt(desk, tool, input)
      const call: Call = { tool: tool.name, input }
      const first = kept.get(key)
      if (first !== undefined) {
        return isDeepStrictEqual(first.call, call)
          ? first.outcome
          : { ok: false, why: 'The idempotency key belongs to another call.' }
      }
      if (kept.size >= keysMax) return { ok: false, why: 'The desk remembers no more idempotency keys; restart it.' }
      return keep(key, call, attempt(desk, tool, input))
    },
    reconcile(key, tool, input) {
      const call: Call = { tool, input }
      const first = kept.get(key)
      if (first === undefined) {
        if (kept.size >= keysMax) return { state: 'unknown' }
        keep(key, call, { ok: false, why: 'The call was declared lost before it arrived.' })
        return { state: 'failed' }
      }
      if (!isDeepStrictEqual(first.call, call)) return { state: 'unknown' }
      return first.outcome.ok ? { state: 'succeeded', result: first.outcome.output } : { state: 'failed' }
    },
  }
}

function attempt(desk: Desk, tool: DeskTool, input: Record<string, unknown>): Outcome {
  try {
    return { ok: true, output: tool.run(desk, input) }
  } catch (error) {
    if (error instanceof ToolRefusal) return { ok: false, why: error.message }
    throw error
  }
}
