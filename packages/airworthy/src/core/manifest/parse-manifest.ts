/**
 * Reads `airworthy.yaml` over `airworthy.lock` into the effective manifest. Pure: files and environment arrive as arguments. Every fault
 * is reported, all together; what has a fault is not used.
 */
import { dataClasses } from '../action.ts'
import { digestOf } from '../digest.ts'
import { durationMsOf } from '../duration.ts'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json.ts'
import { alertsOf } from './alert-rules.ts'
import { postmortemWithinMsDefault, recordingDefault, retentionDefault, schedulesDefault } from './defaults.ts'
import type { EffectiveManifest } from './effective.ts'
import { budgetsOf, dataRuleOf, escalationsOf, gatesOf } from './effective-bounds.ts'
import {
  authCheckOf,
  channelOf,
  judgeOf,
  modelOf,
  principalOf,
  promptOf,
  runOf,
  serverOf,
} from './effective-parties.ts'
import { effectiveTool } from './effective-tool.ts'
import { hasBrokenReference, takesEnvironment } from './environment.ts'
import { belowFloors } from './floors.ts'
import { type Lock, toolsMax } from './lock.ts'
import type { WrittenManifest } from './manifest-shape.ts'
import { type Path, pathText, readYaml } from './read-yaml.ts'
import { checkReferences } from './references.ts'
import { Report } from './report.ts'
import { checkShape } from './shape-faults.ts'

export interface ManifestInput {
  readonly text: string
  /** Name in faults. Default: airworthy.yaml. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of the file that `prompt` names, or what looks it up by that name; undefined when it cannot be read. */
  readonly promptText?: string | ((file: string) => string | undefined) | undefined
  /** `policies/*.cedar`, in name order. */
  readonly policies?: readonly { readonly file: string; readonly text: string }[]
  readonly lock?: Lock | undefined
  /** false: `${NAME}` stays as written and no variable is missing (`validate` needs no secrets). Default: true. */
  readonly resolve?: boolean
  /** Exceptions that ended before it cover nothing. Absent: their end is not looked at. */
  readonly nowMs?: number
}

export interface ManifestReading {
  /** Only without faults. */
  readonly effective?: EffectiveManifest
  /** What could be read in spite of faults: to be shown, never to be run. */
  readonly draft?: EffectiveManifest
  readonly faults: readonly Fault[]
  /** Environment variables that the manifest refers to. */
  readonly variables: readonly string[]
}

/** More than anybody reads; a manifest can be refused in a hundred thousand places. */
const faultsMax = 1_000

/** Never throws. */
export function parseManifest(input: ManifestInput): ManifestReading {
  const file = input.file ?? 'airworthy.yaml'
  const reading = readYaml(input.text, file)
  const report = new Report(reading, file, input.env, input.resolve ?? true)
  checkEnvironment(reading.value, [], report)
  const shape = checkShape(reading, file)
  const draft = shape.manifest === undefined ? undefined : effectiveOf(shape.manifest, reading.value, input, report)
  const unknownServers = new Set(
    report.faults.filter((fault) => fault.code === 'MANIFEST_REFERENCE_UNKNOWN').map((fault) => fault.path),
  )
  const own = report.faults.filter(
    (fault) =>
      !isFollowUp(fault, shape.faulty) &&
      !(fault.code === 'MANIFEST_TOOL_UNKNOWN' && unknownServers.has(`${fault.path}.server`)),
  )
  const found = [...reading.faults, ...shape.faults, ...own].sort(byPlace)
  const faults = found.slice(0, faultsMax)
  return {
    ...(draft !== undefined && { draft }),
    ...(draft !== undefined && faults.length === 0 && { effective: draft }),
    faults,
    variables: [...report.variables],
  }
}

function effectiveOf(
  manifest: WrittenManifest,
  value: JsonValue,
  input: ManifestInput,
  report: Report,
): EffectiveManifest {
  const written = Object.entries(manifest.tools ?? {})
  if (written.length > toolsMax) {
    report.add(
      'MANIFEST_LIMIT_EXCEEDED',
      ['tools'],
      'key',
      `The manifest has ${written.length} tools; the limit is ${toolsMax}.`,
      'Split the agent.',
    )
  }
  const tools = written
    .slice(0, toolsMax)
    .flatMap(([name, tool]) => effectiveTool(name, tool, input.lock, report) ?? [])
  if (report.needsLock) {
    const message = 'The manifest declares tools of servers, but there is no airworthy.lock to narrow.'
    report.add('LOCK_MISSING', ['tools'], 'key', message, 'Run `airworthy lock` to look at the servers.')
  }
  const exceptions = manifest.exceptions ?? []
  for (const below of belowFloors(manifest, exceptions, input.nowMs))
    report.add('MANIFEST_BELOW_FLOOR', below.path, 'value', below.message, below.mend)
  checkReferences(manifest, value, tools, report)

  const { approver } = manifest.data ?? {}
  const { run, model, prompt } = manifest
  return {
    version: 1,
    agent: manifest.agent,
    owner: manifest.owner ?? report.filled(['owner'], 'unassigned', 'nobody is named as owner'),
    ...(run !== undefined && { run: runOf(run, report) }),
    ...(model !== undefined && { model: modelOf(model, report) }),
    ...(prompt !== undefined && { prompt: promptOf(prompt, (file) => textOf(file, input.promptText), report) }),
    ...(manifest.judges !== undefined && {
      judges: Object.fromEntries(
        Object.entries(manifest.judges).map(([name, judge]) => [
          name,
          judgeOf(name, judge, (file) => textOf(file, input.promptText), report),
        ]),
      ),
    }),
    principal: principalOf(manifest, tools, report),
    servers: Object.entries(manifest.mcpServers ?? {}).map(([name, server]) => serverOf(name, server, report)),
    authChecks: Object.fromEntries(
      Object.entries(manifest.auth_checks ?? {}).map(([name, check]) => [name, authCheckOf(name, check, report)]),
    ),
    tools,
    retrieval: Object.fromEntries(
      Object.entries(manifest.retrieval ?? {}).map(([name, rule]) => [
        name,
        { ...(rule.acl && { acl: rule.acl }), ...(rule.classes_by !== undefined && { classesBy: rule.classes_by }) },
      ]),
    ),
    data: Object.fromEntries(
      dataClasses.map((name) => [name, dataRuleOf(name, manifest, report)]),
    ) as EffectiveManifest['data'],
    ...(approver !== undefined && { dataApprover: approver }),
    budgets: budgetsOf(manifest, report),
    ...(manifest.fallbacks !== undefined && { fallbacks: definedOnly(manifest.fallbacks) }),
    escalations: escalationsOf(manifest, report),
    gates: gatesOf(manifest.gates, report),
    alerts: alertsOf(manifest, report),
    channels: Object.fromEntries(
      Object.entries(manifest.channels ?? {}).map(([name, channel]) => [name, channelOf(name, channel, report)]),
    ),
    schedules: {
      ...report.filledWhen(
        manifest.schedules === undefined,
        ['schedules'],
        schedulesDefault,
        'no schedules are declared',
      ),
      ...definedOnly(manifest.schedules),
    },
    retention: {
      spansMs: durationMsOf(manifest.retention?.spans ?? '') ?? retentionDefault.spansMs,
      keptMs: durationMsOf(manifest.retention?.keep ?? '') ?? retentionDefault.keptMs,
      ...(manifest.retention?.recordings === undefined
        ? {}
        : { recordingsMs: durationMsOf(manifest.retention.recordings) ?? retentionDefault.spansMs }),
    },
    ...(manifest.recording === undefined
      ? {}
      : {
          recording: {
            share: manifest.recording.share ?? recordingDefault.share,
            failed: manifest.recording.failed ?? recordingDefault.failed,
            storeBytesMax:
              manifest.recording.store_mb === undefined
                ? recordingDefault.storeBytesMax
                : manifest.recording.store_mb * 1024 * 1024,
          },
        }),
    ...(manifest.telemetry?.export === undefined
      ? {}
      : {
          telemetry: {
            export: {
              url: report.address(['telemetry', 'export', 'url'], manifest.telemetry.export.url),
              headers: report.texts(['telemetry', 'export', 'headers'], manifest.telemetry.export.headers),
            },
          },
        }),
    incidents: {
      postmortemWithinMs:
        manifest.incidents?.postmortem_within === undefined
          ? postmortemWithinMsDefault
          : durationMsOf(manifest.incidents.postmortem_within)!,
    },
    anchors: manifest.audit?.anchors ?? [],
    ...sandboxesOf(manifest.sandboxes ?? {}),
    exceptions,
    policies: input.policies ?? [],
    defaulted: report.defaulted,
    manifestDigest: digestOf(value),
  }
}

/** Addresses stay as written: nothing but evals asks for their variables. */
function sandboxesOf(
  written: NonNullable<WrittenManifest['sandboxes']>,
): Pick<EffectiveManifest, 'sandboxes' | 'sandboxServers'> {
  const entries = Object.entries(written)
  const servers = entries.flatMap(([name, one]) =>
    typeof one === 'string'
      ? []
      : [[name, { url: one.url, headers: one.headers ?? {}, authChecks: one.auth_checks ?? {} }] as const],
  )
  return {
    sandboxes: Object.fromEntries(entries.flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : []))),
    ...(servers.length === 0 ? {} : { sandboxServers: Object.fromEntries(servers) }),
  }
}

function textOf(file: string, text: ManifestInput['promptText']): string | undefined {
  return typeof text === 'function' ? text(file) : text
}

/** A part that was taken out for its form makes its surroundings look incomplete; that is no fault of its own. */
function isFollowUp(fault: Fault, faulty: readonly Path[]): boolean {
  if (fault.path === undefined) return false
  const inside = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}.`)
  const place = fault.path
  return faulty.some((path) => {
    const dotted = pathText(path)
    if (fault.code === 'MANIFEST_TOOL_UNKNOWN')
      return dotted === `${place}.server` || dotted === `${place}.upstream_name`
    const isIncomplete = fault.code === 'MANIFEST_VALUE_INVALID' || fault.code === 'MANIFEST_KEY_MISSING'
    return isIncomplete && (inside(place, dotted) || inside(dotted, place))
  })
}

/** `${NAME}` anywhere else would let the environment change what people decided. */
function checkEnvironment(value: JsonValue, path: Path, report: Report): void {
  if (typeof value === 'string') {
    if (!value.includes('${')) return
    if (!takesEnvironment(path)) {
      const message = 'An environment variable may stand only where a secret or an address stands.'
      report.add('MANIFEST_ENVIRONMENT_REFUSED', path, 'value', message, 'Write the value itself.')
    } else if (hasBrokenReference(value)) {
      report.add(
        'MANIFEST_ENVIRONMENT_REFUSED',
        path,
        'value',
        'A reference to the environment is written as a dollar sign and the name in braces, nothing else.',
        'Correct the reference.',
      )
    }
  } else if (Array.isArray(value))
    for (const [index, item] of value.entries()) checkEnvironment(item as JsonValue, [...path, index], report)
  else if (isJsonObject(value))
    for (const [key, item] of Object.entries(value)) checkEnvironment(item, [...path, key], report)
}

function definedOnly(written: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(written ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function byPlace(left: Fault, right: Fault): number {
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0)
}
