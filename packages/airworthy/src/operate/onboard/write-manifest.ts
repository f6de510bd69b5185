/**
 * The first manifest of a project: every tool that was found, riskiest first, with a guess and its reason, and no permit, so that it
 * denies everything. What people must decide stands beside each tool as a comment.
 */
import type { Effect, Reach } from '../../core/action.ts'
import type { JsonObject } from '../../core/json.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { effectiveSchema } from '../../core/manifest/effective-schema.ts'
import { type Lock, lockedServers } from '../../core/manifest/lock.ts'
import { byRisk, guessTool } from './guess-effect.ts'

export interface FirstTool {
  /** In the manifest; differs from `upstreamName` where two servers share one, or where it could not stand as a key. */
  readonly name: string
  readonly upstreamName: string
  /** Absent: the caller runs it. */
  readonly server?: string
  readonly effect: Effect
  readonly reach: Reach
  readonly effectReason: string
  readonly reachReason: string
  /** JSON Pointers of numbers without bounds: SCOPE-2 fails until somebody sets them. */
  readonly unbounded: readonly string[]
}

/** Every tool of a lock with a guess, in order of risk. */
export function firstTools(lock: Lock): readonly FirstTool[] {
  const found = lockedServers(lock).flatMap(([place, server]) => {
    const name = place === 'caller' ? undefined : place.slice('servers.'.length)
    return Object.values(server.tools).map((tool) => ({ server: name, tool }))
  })
  const taken = new Map<string, number>()
  for (const { tool } of found) taken.set(keyOf(tool.name), (taken.get(keyOf(tool.name)) ?? 0) + 1)
  const used = new Set<string>()
  const tools = found.map(({ server, tool }): FirstTool => {
    const key = keyOf(tool.name)
    const isShared = (taken.get(key) ?? 0) > 1 || key === 'retrieve'
    const name = unused(isShared ? `${server ?? 'own'}_${key}` : key, used)
    return {
      name,
      upstreamName: tool.name,
      ...(server !== undefined && { server }),
      ...guessTool(tool),
      unbounded: unboundedOf(tool),
    }
  })
  return tools.sort(byRisk)
}

/** @param servers entries of `mcpServers` as they shall stand. */
export function firstManifest(
  agent: string,
  servers: Readonly<Record<string, JsonObject>>,
  tools: readonly FirstTool[],
): string {
  const counts = (['irreversible', 'write', 'read'] as const).map(
    (effect) => `${tools.filter((tool) => tool.effect === effect).length} ${effect}`,
  )
  return [
    '# yaml-language-server: $schema=./node_modules/airworthy/schema/airworthy.schema.json',
    '# Written by `airworthy init`. It denies everything: no tool has a permit yet.',
    `# Tools found: ${counts.join(', ')}. Effect and reach are guesses, riskiest first: decide each from top to bottom,`,
    '# then add `permit` to those that the agent shall have, and delete the others (or name them under `ignore`).',
    '# `airworthy validate --effective` prints every default.',
    'version: 1',
    `agent: ${scalar(agent)}`,
    '# owner: team@example.com                  # decide: who answers for this agent?',
    '# principal:                               # decide: who is the user, and who verified it?',
    '#   jwt: { issuer: https://..., audience: ..., jwks: https://... }',
    '#   attributes: { role: string }',
    ...(Object.keys(servers).length === 0
      ? []
      : ['mcpServers:', ...Object.entries(servers).map(([name, server]) => `  ${scalar(name)}: ${flow(server)}`)]),
    ...(tools.length === 0 ? ['tools: {}'] : ['tools:', ...tools.flatMap(toolLines)]),
    '',
  ].join('\n')
}

function toolLines(tool: FirstTool): readonly string[] {
  const isIrreversible = tool.effect === 'irreversible'
  const changes = tool.effect !== 'read'
  return [
    ...(isIrreversible ? ['  # CONFIRMATION REQUIRED'] : []),
    `  ${scalar(tool.name)}:`,
    ...(tool.server === undefined ? [] : [`    server: ${scalar(tool.server)}`]),
    ...(tool.upstreamName === tool.name ? [] : [`    upstream_name: ${scalar(tool.upstreamName)}`]),
    `    effect: ${tool.effect.padEnd(34)} # ${tool.effectReason}`,
    `    reach: ${tool.reach.padEnd(35)} # ${tool.reachReason}`,
    ...tool.unbounded.map((pointer) => `    # limits: set minimum and maximum for ${JSON.stringify(pointer)}`),
    ...(isIrreversible
      ? ['    # confirm: { by: approver, not_requester: true, within: 15m }   # decide: who confirms it?']
      : []),
    ...(changes
      ? ['    # auth_checks: [...]                     # decide: which check on the server must say yes?']
      : []),
    '    # permit: { role: [...] }                # decide: who may?',
  ]
}

function unboundedOf(tool: McpTool): readonly string[] {
  return effectiveSchema(tool.inputSchema, undefined, guessTool(tool).effect).unbounded
}

/** What may stand as a tool's key: other characters become "_". */
function keyOf(name: string): string {
  const key = name.replaceAll(/[^A-Za-z0-9_./-]/g, '_').slice(0, 100)
  return /^[A-Za-z0-9_]/.test(key) ? key : `_${key}`
}

function unused(name: string, used: Set<string>): string {
  let candidate = name
  for (let count = 2; used.has(candidate); count++) candidate = `${name}_${count}`
  used.add(candidate)
  return candidate
}

/** A YAML scalar that reads back as the same text, whatever a server called it. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
  return isPlain ? text : JSON.stringify(text)
}

function flow(value: JsonObject): string {
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${scalar(key)}: ${JSON.stringify(item)}`)
    .join(', ')} }`
}
