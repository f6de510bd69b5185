/** Compiled policies on disk, `cache/<digest of the input>.json` in the kit's folder. A cache that is missing or damaged costs time only. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '../../core/digest.ts'
import type { JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { loadPolicies, policyInputOf } from '../../guard/build-guard.ts'
import type { LoadedPolicies } from '../../policy/guard-policies.ts'

/** @param dir the kit's folder. @throws POLICY_INVALID with all faults. */
export function loadCachedPolicies(manifest: EffectiveManifest, dir: string): LoadedPolicies {
  if (dir === ':memory:') return loadPolicies(manifest)
  const path = join(dir, 'cache', `${digestOf(policyInputOf(manifest)).slice('sha256:'.length)}.json`)
  const cached = read(path)
  const policies = loadPolicies(manifest, cached?.value)
  const text = JSON.stringify(policies.serialised)
  // A damaged file was passed over, and would be at every start.
  if (cached?.text !== text) write(path, text)
  return policies
}

function read(path: string): { readonly text: string; readonly value: JsonValue } | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return { text, value: valueOfJson(text) as JsonValue }
  } catch {
    return undefined
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
    const aside = `${path}.${process.pid}`
    writeFileSync(aside, text, { mode: 0o600 })
    renameSync(aside, path)
  } catch {
    // A folder that cannot be written shows itself where it matters, in the store.
  }
}
