/** Names in a manifest that must stand for something else in it: servers, auth checks, channels, attributes, tools, arguments. */
import { isJsonObject, type JsonValue } from '../json.ts'
import { unnotifiable } from './alert-rules.ts'
import { closestName, didYouMean } from './closest-name.ts'
import type { EffectiveTool } from './effective.ts'
import type { WrittenManifest } from './manifest-shape.ts'
import { type Path, valueAt } from './read-yaml.ts'
import type { Report } from './report.ts'

/** Actions that policies know beside the tools. */
const reservedToolNames: ReadonlySet<string> = new Set(['retrieve'])

/** @param value the manifest as it stands in the file: what has a fault of its own is still defined. */
export function checkReferences(
  manifest: WrittenManifest,
  value: JsonValue,
  tools: readonly EffectiveTool[],
  report: Report,
): void {
  const names = (...path: readonly string[]): readonly string[] => {
    const section = valueAt(value, path)
    return isJsonObject(section) ? Object.keys(section) : []
  }
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
  const known: Known = {
    servers: names('mcpServers'),
    checks: names('auth_checks'),
    tools: names('tools'),
    attributes: isJsonObject(valueAt(value, ['principal', 'attributes']))
      ? names('principal', 'attributes')
      : undefined,
  }
  const channels = names('channels')

  checkTools(manifest, report, need, known)
  manifest.alerts?.forEach((alert, index) => {
    for (const [at, name] of alert.notify.entries()) {
      const path = ['alerts', index, 'notify', at]
      need(path, 'channel', name, channels, 'channels')
      const channel = manifest.channels?.[name]
      const why = channel === undefined ? undefined : unnotifiable(manifest, name, channel)
      if (why !== undefined)
        report.add('MANIFEST_VALUE_INVALID', path, 'value', why, 'Name a channel that people read.')
    }
  })
  manifest.escalations?.notify?.forEach((name, index) => {
    need(['escalations', 'notify', index], 'channel', name, channels, 'channels')
  })
  manifest.audit?.anchors?.forEach((name, index) => {
    if (!name.startsWith('file:')) need(['audit', 'anchors', index], 'channel', name, channels, 'channels')
  })
  for (const name of Object.keys(manifest.sandboxes ?? {})) {
    need(['sandboxes', name], 'server', name, known.servers, 'mcpServers')
    const sandbox = manifest.sandboxes?.[name]
    for (const check of Object.keys((typeof sandbox === 'string' ? undefined : sandbox?.auth_checks) ?? {})) {
      need(['sandboxes', name, 'auth_checks', check], 'auth check', check, known.checks, 'auth_checks')
    }
  }
  checkRetrieval(manifest, tools, need, known)
}

type Need = (path: Path, what: string, name: string, known: readonly string[], where: string) => void

interface Known {
  readonly servers: readonly string[]
  readonly checks: readonly string[]
  readonly tools: readonly string[]
  /** Undefined: none are declared, and permits may name any. */
  readonly attributes: readonly string[] | undefined
}

function checkTools(manifest: WrittenManifest, report: Report, need: Need, known: Known): void {
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
      need([...at, 'auth_checks', index], 'auth check', check, known.checks, 'auth_checks')
    }
    if (known.attributes !== undefined && typeof tool.permit === 'object') {
      for (const attribute of Object.keys(tool.permit)) {
        need([...at, 'permit', attribute], 'principal attribute', attribute, known.attributes, 'principal.attributes')
      }
    }
    if (tool.server === undefined) continue
    need([...at, 'server'], 'server', tool.server, known.servers, 'mcpServers')
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

function checkRetrieval(
  manifest: WrittenManifest,
  tools: readonly EffectiveTool[],
  need: Need,
  { tools: declared, attributes }: Known,
): void {
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
    const sources = ['principal.id', ...(attributes ?? []).map((attribute) => `principal.${attribute}`)]
    need([...at, 'from'], 'source', rule.acl.from, sources, 'principal.attributes')
  }
}
