/**
 * `airworthy policy show | explain | test | replay | suggest`: the policies as they are in force, one decision taken apart, a table of
 * expected ones, recorded runs, and what recorded runs would need.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { parse } from 'yaml'
import { z } from 'zod'
import type { DataClass } from '../core/action.ts'
import type { Reason } from '../core/decision.ts'
import { AirworthyError, invariant, throwFaults } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../core/json.ts'
import type { EffectiveManifest, EffectiveTool } from '../core/manifest/effective.ts'
import { printable } from '../core/printable.ts'
import { labelsOf } from '../data/labels.ts'
import { argumentValidator } from '../guard/argument-validator.ts'
import { loadPolicies, policyInputOf } from '../guard/build-guard.ts'
import { checkArguments } from '../guard/steps/check-arguments.ts'
import { setRetrievalFilters } from '../guard/steps/check-release.ts'
import { readProject } from '../operate/onboard/read-project.ts'
import type { LoadedPolicies, PolicyDecision } from '../policy/guard-policies.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText, projectFlag } from './flags.ts'
import { replayCommand } from './policy-replay.ts'
import { suggestCommand } from './policy-suggest.ts'

interface Flags {
  readonly json: boolean
  readonly project: string | undefined
}

const showCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Print every policy in force, shorthand permits as Cedar' },
  parameters: { flags: { json: jsonFlag, project: projectFlag } },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { manifest, policies } = load(this, given)
      const { sources } = policyInputOf(manifest)
      if (given.json) printJson(this, { digest: policies.digest, sources, untyped: policies.untyped })
      else {
        for (const { file, text } of sources) this.stdout.write(`// ${file}\n${text.trim()}\n\n`)
        this.stdout.write(`// ${sources.length} sources, digest ${policies.digest}; what no permit allows is denied\n`)
      }
      return exitCodes.pass
    })
  },
})

const explainCommand = buildCommand<Flags & QuestionFlags, [string], CliContext>({
  docs: { brief: 'Say how one action would be decided, and by which policies' },
  parameters: {
    flags: {
      json: jsonFlag,
      project: projectFlag,
      principal: optionalText('Id of the user; default somebody', 'ID'),
      attributes: optionalText('Its attributes, as JSON', 'JSON'),
      arguments: optionalText('Arguments of the tool, as JSON', 'JSON'),
      untrusted: optionalText('JSON Pointers of arguments from untrusted content, separated by commas', 'POINTERS'),
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'The tool', placeholder: 'TOOL', parse: String }] },
  },
  async func(given, tool) {
    await runCommand(this, given.json, async () => {
      const loaded = load(this, given)
      const asked: Question = {
        tool,
        principal: given.principal ?? 'somebody',
        attributes: objectOf(given.attributes, '--attributes'),
        arguments: objectOf(given.arguments, '--arguments'),
        untrusted: given.untrusted === undefined ? [] : given.untrusted.split(','),
      }
      const seen = asGuardSees(loaded, asked)
      // Who gives no arguments asks about the tool, not about a call of it.
      const refused = given.arguments === undefined ? undefined : seen.refused
      const decision = decide(loaded, { ...asked, arguments: seen.arguments })
      if (given.json) printJson(this, refused === undefined ? decision : { ...decision, refused })
      else this.stdout.write(explain(tool, decision, refused))
      return decision.decision === 'allow' && refused === undefined ? exitCodes.pass : exitCodes.fail
    })
  },
})

interface QuestionFlags {
  readonly principal: string | undefined
  readonly attributes: string | undefined
  readonly arguments: string | undefined
  readonly untrusted: string | undefined
}

const expectations = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        tool: z.string().min(1).max(200),
        principal: z.string().default('somebody'),
        attributes: z.record(z.string(), z.json()).default({}),
        arguments: z.record(z.string(), z.json()).default({}),
        untrusted: z.array(z.string()).default([]),
        expect: z.enum(['allow', 'deny', 'confirm']),
      }),
    )
    .min(1)
    .max(10_000),
})

const testCommand = buildCommand<Flags, [string?], CliContext>({
  docs: { brief: 'Check a table of expected decisions (policies/tests.yaml)' },
  parameters: {
    flags: { json: jsonFlag, project: projectFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'The table; default policies/tests.yaml', placeholder: 'FILE', parse: String, optional: true },
      ],
    },
  },
  async func(given, file) {
    await runCommand(this, given.json, async () => {
      const loaded = load(this, given)
      const path = resolve(this.cwd, given.project ?? '.', file ?? 'policies/tests.yaml')
      const results = readCases(path).map((one) => {
        const decision = decide(loaded, one)
        const got = decision.decision === 'allow' && decision.confirm.length > 0 ? 'confirm' : decision.decision
        return {
          name: one.name,
          expect: one.expect,
          got,
          passed: got === one.expect,
          policies: [...decision.policies, ...decision.errors],
        }
      })
      const failed = results.filter(({ passed }) => !passed)
      if (given.json) printJson(this, { passed: results.length - failed.length, failed: failed.length, results })
      else {
        for (const { name, expect, got, policies } of failed) {
          this.stdout.write(
            `FAIL ${name}: expected ${expect}, got ${got}${policies.length === 0 ? '' : ` by ${policies.join(', ')}`}\n`,
          )
        }
        this.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`)
      }
      return failed.length === 0 ? exitCodes.pass : exitCodes.fail
    })
  },
})

export const policyCommands = buildRouteMap({
  routes: {
    show: showCommand,
    explain: explainCommand,
    test: testCommand,
    replay: replayCommand,
    suggest: suggestCommand,
  },
  docs: { brief: 'The policies in force: show, explain, test, replay, suggest' },
})

interface Loaded {
  readonly manifest: EffectiveManifest
  readonly policies: LoadedPolicies
}

function load(context: CliContext, { project }: Flags): Loaded {
  const { effective, faults } = readProject(resolve(context.cwd, project ?? '.'), { env: context.env, resolve: false })
  throwFaults(faults)
  invariant(effective !== undefined, 'a project without faults has a manifest')
  return { manifest: effective, policies: loadPolicies(effective) }
}

interface Question {
  readonly tool: string
  readonly principal: string
  readonly attributes: JsonObject
  readonly arguments: JsonObject
  readonly untrusted: readonly string[]
}

/**
 * The arguments as the guard hands them to the policies: what filters a retrieval comes from the principal. `refused` is why it
 * would not: schema, limits, size, or a principal without what filters.
 */
function asGuardSees({ manifest }: Loaded, question: Question): { arguments: JsonObject; refused: Reason | undefined } {
  const { principal: id, attributes, arguments: args } = question
  const tool = toolOf(manifest, question.tool)
  const principal = { id, attributes, verifiedBy: 'asserted_by_agent' } as const
  const filtered = setRetrievalFilters({ manifest }, { principal }, tool, args)
  if (filtered.kind === 'deny') return { arguments: args, refused: filtered.reasons[0] }
  const misfit = checkArguments({ validator: argumentValidator() }, tool, filtered.arguments)
  return { arguments: filtered.arguments, refused: misfit?.reasons[0] }
}

/** The policy step alone: roles that the tool's own `confirm` demands are added, the other steps are not run. */
function decide({ manifest, policies }: Loaded, question: Question): PolicyDecision {
  const tool = toolOf(manifest, question.tool)
  const decision = policies.decide({
    principal: { id: question.principal, attributes: question.attributes, verifiedBy: 'asserted_by_agent' },
    tool: tool.name,
    arguments: question.arguments,
    effect: tool.effect,
    reach: tool.reach,
    labels: labelsOf(question.arguments, manifest.data).classes satisfies readonly DataClass[],
    untrusted: question.untrusted,
    task: { tool_calls: 0, cost_usd_micros: 0, writes: 0, irreversible: 0 },
  })
  const own = tool.confirm === undefined || decision.decision === 'deny' ? [] : [tool.confirm.by]
  return { ...decision, confirm: [...new Set([...own, ...decision.confirm])] }
}

function toolOf(manifest: EffectiveManifest, name: string): EffectiveTool {
  const tool = manifest.tools.find((candidate) => candidate.name === name)
  if (tool !== undefined) return tool
  throw new AirworthyError({
    code: 'TOOL_UNLISTED',
    message: `The manifest lists no tool ${name.slice(0, 64)}.`,
    mend: `Name one of: ${manifest.tools
      .map((candidate) => candidate.name)
      .join(', ')
      .slice(0, 500)}.`,
  })
}

function objectOf(text: string | undefined, flag: string): JsonObject {
  if (text === undefined) return {}
  const refused = (why: string): AirworthyError =>
    new AirworthyError({ code: 'USAGE_INVALID', message: `${flag}: ${why}`, mend: `Give ${flag} '{"name": "value"}'.` })
  let value: JsonValue
  try {
    value = parseJson(text)
  } catch (error) {
    throw refused(error instanceof Error ? error.message : 'The text is not JSON.')
  }
  if (isJsonObject(value)) return value
  throw refused('This is no JSON object.')
}

function readCases(path: string) {
  let document: unknown
  try {
    document = parse(readFileSync(path, 'utf8'), { maxAliasCount: 0 })
  } catch (cause) {
    throw new AirworthyError(
      {
        code: 'USAGE_INVALID',
        file: path,
        message: `The table of expected decisions cannot be read: ${cause instanceof Error ? cause.message : 'unknown reason'}.`,
        mend: 'Write `cases:` with name, tool and expect (allow, deny or confirm).',
      },
      { cause },
    )
  }
  const parsed = expectations.safeParse(document)
  if (parsed.success) return parsed.data.cases as (Question & { name: string; expect: 'allow' | 'deny' | 'confirm' })[]
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    file: path,
    message: parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ')
      .slice(0, 2000),
    mend: 'Write `cases:` with name, tool and expect (allow, deny or confirm).',
  })
}

function explain(tool: string, decision: PolicyDecision, refused: Reason | undefined): string {
  const verb = decision.decision === 'deny' ? 'DENY' : decision.confirm.length > 0 ? 'CONFIRM' : 'ALLOW'
  const why = ({ code, path, message }: Partial<Reason>): string =>
    printable(`  ${code}${path === undefined || path === '' ? '' : ` ${path}`}: ${message}`)
  return [
    ...(refused === undefined
      ? [`${verb} ${tool}`]
      : [`DENY ${tool}`, why(refused), `  the guard stops there; the policies would say ${verb}`]),
    ...(decision.message === undefined ? [] : [why(decision)]),
    ...decision.policies.map((policy) => `  determined by ${policy}`),
    ...decision.errors.map((policy) => `  erred: ${policy}`),
    ...(decision.confirm.length === 0 ? [] : [`  CONFIRMATION REQUIRED by ${decision.confirm.join(' and ')}`]),
    '  The policies, and the arguments where they are given; auth checks, budgets and data rules come beside them.',
    '',
  ].join('\n')
}
