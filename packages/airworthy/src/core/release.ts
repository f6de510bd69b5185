/**
 * A release: the immutable set of pins that evidence, promotion and rollback speak of. Its digest is SHA-256 over the canonical JSON of
 * the pins. Addresses and secrets are no part of it: the same release runs in every environment.
 */
import { type Digest, digestOf } from './digest.ts'
import type { JsonObject } from './json.ts'
import type { EffectiveManifest } from './manifest/effective.ts'
import type { Lock } from './manifest/lock.ts'

interface ReleasePins extends JsonObject {
  readonly agent: string
  /** The manifest as written, `${NAME}` unresolved. */
  readonly manifest: Digest
  readonly lock: Digest
  readonly policies: Digest
  readonly model: { readonly provider: string; readonly id: string; readonly parameters: JsonObject } | null
  readonly prompt: Digest | null
  /** Digest of each tool's definition, by the tool's name in the manifest. */
  readonly tools: Readonly<Record<string, Digest>>
  /** Digest of each dataset of the gates, by name. */
  readonly datasets: Readonly<Record<string, Digest>>
}

export interface Release {
  readonly digest: Digest
  readonly pins: ReleasePins
}

export interface ReleaseInput {
  readonly effective: EffectiveManifest
  readonly lock: Lock
  /** Of the loaded policies, shorthand permits included. Absent: of the texts of `policies/*.cedar`. */
  readonly policyDigest?: Digest
  readonly datasets?: Readonly<Record<string, Digest>>
}

/** The pins of what is at hand, and their digest. Pure: equal input, equal digest, whatever the order of keys. */
export function releaseOf({ effective, lock, policyDigest, datasets = {} }: ReleaseInput): Release {
  const { model } = effective
  const pins: ReleasePins = {
    agent: effective.agent,
    // A manifest built in memory has no written form; then the value itself is pinned.
    manifest: effective.manifestDigest ?? digestOf(effective),
    lock: lock.digest,
    policies: policyDigest ?? digestOf(effective.policies.map(({ file, text }) => ({ file, text }))),
    model: model === undefined ? null : { provider: model.provider, id: model.id, parameters: model.parameters },
    prompt: effective.prompt?.digest ?? null,
    tools: Object.fromEntries(effective.tools.map((tool) => [tool.name, tool.definitionDigest])),
    datasets,
  }
  return { digest: digestOf(pins), pins }
}

export interface Drift {
  /** Which pin: `prompt`, `model`, `tools.issue_refund`. */
  readonly pin: string
  /** What the release pins; null where it pins nothing. */
  readonly want: string | null
  readonly got: string | null
}

/** Every pin that differs between a release and what was found, by name; empty when nothing drifted. */
export function driftOf(release: Pick<Release, 'pins'>, found: Pick<Release, 'pins'>): readonly Drift[] {
  const want = flatPins(release.pins)
  const got = flatPins(found.pins)
  const names = [...new Set([...want.keys(), ...got.keys()])].sort()
  return names
    .filter((pin) => want.get(pin) !== got.get(pin))
    .map((pin) => ({ pin, want: want.get(pin) ?? null, got: got.get(pin) ?? null }))
}

function flatPins(pins: ReleasePins): Map<string, string> {
  const { agent, manifest, lock, policies, model, prompt, tools, datasets } = pins
  const flat = new Map<string, string>([
    ['agent', agent],
    ['manifest', manifest],
    ['lock', lock],
    ['policies', policies],
  ])
  if (model !== null) flat.set('model', `${model.provider}/${model.id} ${digestOf(model.parameters)}`)
  if (prompt !== null) flat.set('prompt', prompt)
  for (const [name, digest] of Object.entries(tools)) flat.set(`tools.${name}`, digest)
  for (const [name, digest] of Object.entries(datasets)) flat.set(`datasets.${name}`, digest)
  return flat
}
