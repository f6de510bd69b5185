/** Every case of Cedar's published corpora that lies beside the project: decision, determining policies, errors. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { authorize, type PolicyRequest } from './authorize.ts'
import type { EntityJson } from './entities.ts'
import { compilePolicies } from './parse-policies.ts'
import { reviveCompiled, serialiseCompiled } from './policy-json.ts'
import { validatePolicies } from './validate-policies.ts'

interface Expected extends PolicyRequest {
  readonly description: string
  readonly decision: 'allow' | 'deny'
  readonly reason: readonly string[]
  readonly errors: readonly string[]
}

interface Case {
  readonly name: string
  readonly policies: string
  readonly schema: string
  readonly entities: readonly EntityJson[]
  readonly shouldValidate: boolean
  readonly requests: readonly Expected[]
}

const datasets = fileURLToPath(new URL('../../../../../shared/datasets/', import.meta.url))

/** One file of an archive, read in place; nothing is unpacked. */
function archived(archive: string, path: string): string {
  return execFileSync('tar', ['xzOf', `${datasets}${archive}.tar.gz`, path], { encoding: 'utf8', maxBuffer: 1e9 })
}

/** Integers that a number would round arrive as bigints. */
function exactly(_key: string, value: unknown, context?: { source: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(context?.source as string) : value
}

function handwritten(): readonly Case[] {
  const archive = 'cedar-handwritten'
  const names = execFileSync('tar', ['tzf', `${datasets}${archive}.tar.gz`], { encoding: 'utf8' }).split('\n')
  return names
    .filter((name) => /\/tests\/.*\.json$/.test(name))
    .map((name) => {
      const json = JSON.parse(archived(archive, name))
      const root = name.slice(0, name.indexOf('tests/'))
      const [policies, schema, entities] = [json.policies, json.schema, json.entities].map((path: string) =>
        archived(archive, `${root}${path}`),
      ) as [string, string, string]
      return { ...json, name, policies, schema, entities: JSON.parse(entities) }
    })
}

function corpus(): readonly Case[] {
  const lines = archived('cedar-corpus', 'cedar-corpus/tests.jsonl').trim().split('\n')
  return lines.map((line) => JSON.parse(line, exactly)).map((json) => ({ ...json, name: json.id }))
}

function check({ policies, schema, entities, shouldValidate, requests }: Case): void {
  const compiled = compilePolicies(policies)
  const revived = reviveCompiled(JSON.parse(JSON.stringify(serialiseCompiled(compiled))))
  // `shouldValidate: false` means that nothing is promised: the generator does not ask its validator.
  if (shouldValidate) expect(validatePolicies({ policies: compiled, schema })).toMatchObject({ ok: true, faults: [] })
  for (const request of requests) {
    const { decision, reason, errors, description } = request
    const got = authorize({ policies: revived, schema, entities, request, onPolicyError: 'skip' })
    const want = { decision, reasons: [...reason].sort(), errors: [...errors].sort() }
    expect({ ...got, reasons: [...got.reasons].sort(), errors: [...got.errors].sort() }, description).toEqual(want)
    const strict = authorize({ policies: revived, schema, entities, request })
    expect(strict.errors).toEqual(got.errors)
    if (errors.length > 0) expect(strict.decision, description).toBe('deny')
    else expect(strict).toEqual(got)
  }
}

describe.skipIf(!existsSync(datasets))('Cedar corpora (skipped where ../shared/datasets is absent)', () => {
  test('cedar-handwritten: every file', () => {
    const cases = handwritten()
    expect(cases.length).toBeGreaterThan(20)
    for (const one of cases) check(one)
  })

  test('cedar-corpus: all 400 sets, 3,200 requests', () => {
    const cases = corpus()
    expect(cases.flatMap(({ requests }) => requests).length).toBe(3200)
    for (const one of cases) check(one)
  })
})
