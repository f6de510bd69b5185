/** `airworthy init`: a manifest that denies everything, and the lock of what was found. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError, throwFaults } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { McpTool } from '../core/manifest/definition-digest.ts'
import { lockText } from '../core/manifest/lock.ts'
import { printable } from '../core/printable.ts'
import { lookUpTimeoutMs, lookUpTools } from '../operate/onboard/look-up-tools.ts'
import { lockFile, manifestFile, serversOfText } from '../operate/onboard/read-project.ts'
import { usableTools } from '../operate/onboard/tool-definitions.ts'
import { readToolSource, type ToolSource } from '../operate/onboard/tool-source.ts'
import { type FirstTool, firstManifest, firstTools } from '../operate/onboard/write-manifest.ts'
import { listServerTools } from '../upstream/list-tools.ts'
import { startedIn } from '../upstream/started-in.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf } from './kit-access.ts'
import { table } from './table.ts'
import { replaceFile } from './write-file.ts'

/** Read when no source is named: where MCP clients keep a project's servers. */
const usualConfig = '.mcp.json'

interface Flags {
  readonly json: boolean
  readonly project: string | undefined
  readonly agent: string | undefined
  readonly from?: readonly string[]
  readonly force: boolean
  readonly dryRun: boolean
}

export const initCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Write a manifest that denies everything, with what to decide, in order of risk' },
  parameters: {
    flags: {
      json: jsonFlag,
      project: projectFlag,
      agent: optionalText("The agent's name; default the folder's", 'NAME'),
      from: {
        kind: 'parsed',
        parse: String,
        brief: `MCP address, tools.ts#tools, openai.json, or a JSON file with mcpServers (repeat for more); default ${usualConfig}`,
        variadic: true,
        optional: true,
        placeholder: 'SOURCE',
      },
      force: { kind: 'boolean', brief: 'Replace an airworthy.yaml that exists', default: false },
      dryRun: { kind: 'boolean', brief: 'Print what is guessed of each tool and why; write nothing', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { project } = foldersOf(this, given)
      refuseToOverwrite(project, given.force || given.dryRun)
      const named = given.from ?? (existsSync(join(project, usualConfig)) ? [join(project, usualConfig)] : [])
      const sources: ToolSource[] = []
      for (const from of named) sources.push(await readToolSource(from, this.cwd))
      const { servers, tools: callerTools, refused: unread } = joined(sources)

      const agent = agentName(given.agent ?? basename(project))
      // The manifest's own rules say what a server entry may hold, before any of them is started.
      const checked = serversOfText(firstManifest(agent, servers, []), { env: this.env })
      throwFaults(checked.faults)
      const looked = await lookUpTools(
        startedIn(project, checked.servers),
        (server) =>
          listServerTools(server, {
            timeoutMs: lookUpTimeoutMs,
            log: (name, line) => this.stderr.write(`[${name}] ${printable(line)}\n`),
          }),
        callerTools.length === 0 ? undefined : { tools: callerTools },
      )
      throwFaults(looked.faults)
      const { lock } = looked
      if (lock === undefined) return exitCodes.usage
      const tools = firstTools(lock)
      const files = given.dryRun ? [] : [manifestFile, lockFile]
      if (!given.dryRun) {
        replaceFile(join(project, lockFile), lockText(lock))
        replaceFile(join(project, manifestFile), firstManifest(agent, servers, tools))
      }

      const refused = [...unread.map((each) => ({ server: '', ...each })), ...looked.refused]
      if (given.json) printJson(this, { files, agent, tools, refused })
      else {
        for (const { name, why } of refused) this.stderr.write(`Left out "${printable(name)}": ${printable(why)}.\n`)
        this.stdout.write(guessTable(tools))
        this.stdout.write(
          given.dryRun
            ? `These are guesses; nothing was written.\n`
            : `Wrote ${manifestFile} and ${lockFile}. Nothing is permitted yet: decide each tool in ${manifestFile}, then run \`airworthy validate\`.\n`,
        )
      }
      return exitCodes.pass
    })
  },
})

/** What was guessed for each tool, for people. */
export function guessTable(tools: readonly FirstTool[]): string {
  if (tools.length === 0) return 'No tools were found; name them with --from.\n'
  return table(
    ['TOOL', 'SERVER', 'EFFECT', 'REACH', 'CONFIRMATION', 'WHY'],
    tools.map((tool) => [
      tool.name,
      tool.server ?? '(caller)',
      tool.effect,
      tool.reach,
      tool.effect === 'irreversible' ? 'CONFIRMATION REQUIRED' : '',
      tool.effectReason,
    ]),
  )
}

function refuseToOverwrite(project: string, force: boolean): void {
  if (force || !existsSync(join(project, manifestFile))) return
  throw new AirworthyError({
    code: 'PROJECT_EXISTS',
    message: `${manifestFile} exists in ${project}; what people decided in it would be lost.`,
    mend: 'Run `airworthy lock` to look at the tools again, or add --force to begin anew.',
    file: manifestFile,
  })
}

interface Joined {
  readonly servers: Readonly<Record<string, JsonObject>>
  readonly tools: readonly McpTool[]
  readonly refused: readonly { readonly name: string; readonly why: string }[]
}

/** Sources together; servers that share a name are numbered. */
function joined(sources: readonly ToolSource[]): Joined {
  const servers: Record<string, JsonObject> = {}
  const tools: McpTool[] = []
  const refused: { name: string; why: string }[] = []
  for (const source of sources) {
    if (source.kind === 'caller') {
      tools.push(...source.tools)
      refused.push(...source.refused)
      continue
    }
    for (const [name, server] of Object.entries(source.servers)) {
      let free = name
      for (let count = 2; Object.hasOwn(servers, free); count++) free = `${name}-${count}`
      servers[free] = server
    }
  }
  // Two files may hold a tool of the same name: the first is kept, the other is named.
  const usable = usableTools(tools)
  return { servers, tools: usable.tools, refused: [...refused, ...usable.refused] }
}

function agentName(text: string): string {
  const name = text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
  return name === '' ? 'agent' : name
}
