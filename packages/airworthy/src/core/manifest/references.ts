/** Names in a manifest that must stand for something else in it: servers, auth checks, channels, attributes, tools, arguments. */
import { isJsonObject } from '../json.ts'
import { closestName, didYouMean } from './closest-name.ts'
import type { EffectiveTool } from './effective.ts'
import type { WrittenManifest } from './manifest-shape.ts'
import type { Path } from './read-yaml.ts'
import type { Report } from './report.ts'

/** Actions that policies know beside the tools. */
const reservedToolNames: ReadonlySet<string> = new Set(['retrieve'])

export function checkReferences(manifest: WrittenManifest, tools: readonly EffectiveTool[], report: Report): void {
  const names = (value: object | undefined): readonly string[] => Object.keys(value ?? {})
  const need = (path: Path, what: string, name: string, known: readonly string[], where: string): void => {
    if (known.includes(name)) return
    const mend =
      known.length === 0
        ? `Define it under ${where}.`
        : `Name one of ${known.slice(0, 20).join(', ')}, or define it under ${where}.`
    report.add(
      'MANIFEST_REFERENCE_UNKNOWN',
      path,
      'value',
      `There is no ${what} "${name}".${didYouMean(name, known)}`,
      mend,
    )
  }
  const servers = names(manifest.mcpServers)
  const checks = names(manifest.auth_checks)
  const channels = names(manifest.channels)

  checkTools(manifest, report, need, servers, checks)
  manifest.alerts?.forEach((alert, index) => {
    for (const [at, name] of alert.notify.entries()) {
      need(['alerts', index, 'notify', at], 'channel', name, channels, 'channels')
    }
  })
  manifest.audit?.anchors?.forEach((name, index) => {
    if (!name.startsWith('file:')) need(['audit', 'anchors', index], 'channel', name, channels, 'channels')
  })
  for (const name of names(manifest.sandboxes)) need(['sandboxes', name], 'server', name, servers, 'mcpServers')
  checkRetrieval(manifest, tools, need)
}

type Need = (path: Path, what: string, name: string, known: readonly string[], where: string) => void

function checkTools(
  manifest: WrittenManifest,
  report: Report,
  need: Need,
  servers: readonly string[],
  checks: readonly string[],
): void {
  const attributes = manifest.principal?.attributes
  const seen = new Map<string, string>()
  for (const [name, tool] of Object.entries(manifest.tools ?? {})) {
    const at = ['tools', name]
    if (reservedToolNames.has(name)) {
      report.add(
        'MANIFEST_VALUE_INVALID',
        at,
        'key',
        `"${name}" is the action of document retrieval in policies.`,
        'Give the tool another name, and its own under `upstream_name`.',
      )
    }
    for (const [index, check] of (tool.auth_checks ?? []).entries()) {
      need([...at, 'auth_checks', index], 'auth check', check, checks, 'auth_checks')
    }
    if (attributes !== undefined && typeof tool.permit === 'object') checkPermit(at, tool.permit, attributes, need)
    if (tool.server === undefined) continue
    need([...at, 'server'], 'server', tool.server, servers, 'mcpServers')
    const upstream = `${tool.server}\u0000${tool.upstream_name ?? name}`
    const other = seen.get(upstream)
    if (other !== undefined) {
      const message = `"${name}" and "${other}" are the same tool of "${tool.server}"; the milder of the two rules would win.`
      report.add('MANIFEST_TOOL_DUPLICATE', at, 'key', message, 'Keep one of them.')
    }
    seen.set(upstream, name)
    if (manifest.mcpServers?.[tool.server]?.ignore?.includes(tool.upstream_name ?? name)) {
      const message = `"${name}" is declared, and also ignored by mcpServers.${tool.server}.ignore.`
      report.add('MANIFEST_VALUE_INVALID', at, 'key', message, 'Remove it from one of the two.')
    }
  }
}

function checkPermit(at: Path, permit: object, attributes: Readonly<Record<string, string>>, need: Need): void {
  for (const name of Object.keys(permit)) {
    need([...at, 'permit', name], 'principal attribute', name, Object.keys(attributes), 'principal.attributes')
  }
}

function checkRetrieval(manifest: WrittenManifest, tools: readonly EffectiveTool[], need: Need): void {
  const declared = Object.keys(manifest.tools ?? {})
  const attributes = manifest.principal?.attributes
  for (const [name, rule] of Object.entries(manifest.retrieval ?? {})) {
    // A source that the agent's own code retrieves from is no tool; a name that is nearly a tool's is a slip, and would narrow nothing.
    if (closestName(name, declared) !== undefined) need(['retrieval', name], 'tool', name, declared, 'tools')
    if (rule.acl === undefined) continue
    const at = ['retrieval', name, 'acl']
    const tool = tools.find((each) => each.name === name)
    if (tool !== undefined) {
      const known = isJsonObject(tool.inputSchema.properties) ? Object.keys(tool.inputSchema.properties) : []
      need([...at, 'argument'], 'argument', rule.acl.argument, known, `the schema of ${name}`)
    }
    const known = ['principal.id', ...Object.keys(attributes ?? {}).map((attribute) => `principal.${attribute}`)]
    need([...at, 'from'], 'source', rule.acl.from, known, 'principal.attributes')
  }
}
