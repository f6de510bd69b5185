/**
 * Step 14: classes and trust of what came back; redacted or pseudonymized before the model sees it. The facts it learns are
 * appended by step 13's act, so it is computed just before that act and shown just after.
 */
import type { DataClass } from '../../core/action.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { labelsOf } from '../../data/labels.ts'
import { fingerprintsOf } from '../../data/provenance.ts'
import { pseudonymizeValue } from '../../data/pseudonyms.ts'
import { redactClasses } from '../../data/redact.ts'
import type { Guard } from '../guard.ts'
import type { FactBody } from '../port.ts'
import type { TaskState } from '../task-state.ts'

export interface LabelledResult {
  /** What the model may see. */
  readonly shown: JsonObject
  readonly facts: readonly FactBody[]
}

export function labelResult(guard: Guard, state: TaskState, tool: EffectiveTool, result: JsonObject): LabelledResult {
  const { data } = guard.manifest
  const classes = labelsOf(result, data).classes
  const facts: FactBody[] = [
    {
      kind: 'source',
      source: tool.name,
      trusted: tool.data.trusted,
      values: fingerprintsOf(contentOf(result), guard.fingerprintKey, tool.data.trusted),
    },
  ]
  const acted = (wanted: string): readonly DataClass[] =>
    classes.filter((dataClass) => data[dataClass].beforeModel === wanted)
  let shown: JsonValue = result
  if (guard.mode === 'observe') return { shown: result, facts: facts.filter(isInformative) }
  // A result cannot be held for approval, so `block` here shows nothing of the class: the same as redaction.
  const redacted = [...acted('redact'), ...acted('block')]
  if (redacted.length > 0) shown = redactClasses(shown, data, redacted)
  const pseudonymized = acted('pseudonymize')
  if (pseudonymized.length > 0) {
    const replaced = pseudonymizeValue(shown, data, pseudonymized, state.pseudonyms)
    shown = replaced.value
    facts.push(...replaced.added.map((added) => ({ kind: 'pseudonym' as const, ...added })))
  }
  return { shown: isJsonObject(shown) ? shown : {}, facts: facts.filter(isInformative) }
}

/** The parts of a CallToolResult that a model reads: texts and structured content, not the words of the envelope. */
function contentOf(result: JsonObject): JsonValue {
  const blocks = Array.isArray(result.content) ? (result.content as readonly JsonValue[]) : []
  return [
    result.structuredContent ?? null,
    blocks.map((block) => (isJsonObject(block) ? (block.text ?? block.resource ?? block.uri ?? null) : null)),
  ]
}

function isInformative(fact: FactBody): boolean {
  return fact.kind !== 'source' || fact.values.length > 0
}
