/** The command `airworthy`. Only the file of the command that was called is loaded; `--help` loads them all. */
import {
  buildApplication,
  buildRouteMap,
  type Command,
  type RouteMap,
  run,
  type StricliDynamicCommandContext,
  text_en,
} from '@stricli/core'
import { version } from '../core/version.ts'
import { type CliContext, exitCodes } from './context.ts'

type Target = Command<CliContext> | RouteMap<CliContext>

const commands: Readonly<Record<string, () => Promise<Target>>> = {
  init: async () => (await import('./init.ts')).initCommand,
  lock: async () => (await import('./lock.ts')).lockCommand,
  validate: async () => (await import('./validate.ts')).validateCommand,
  up: async () => (await import('./up.ts')).upCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  policy: async () => (await import('./policy.ts')).policyCommands,
  redteam: async () => (await import('./redteam.ts')).redteamCommands,
  trace: async () => (await import('./trace.ts')).traceCommands,
  eval: async () => (await import('./eval.ts')).evalCommands,
  evidence: async () => (await import('./evidence.ts')).evidenceCommands,
  calibrate: async () => (await import('./calibrate.ts')).calibrateCommands,
  audit: async () => (await import('./audit.ts')).auditCommands,
  approval: async () => (await import('./approval.ts')).approvalCommands,
  escalation: async () => (await import('./escalation.ts')).escalationCommands,
  kill: async () => (await import('./kill.ts')).killCommand,
  alert: async () => (await import('./alert.ts')).alertCommands,
  drill: async () => (await import('./drill.ts')).drillCommand,
  revive: async () => (await import('./revive.ts')).reviveCommand,
  keys: async () => (await import('./keys.ts')).keysCommands,
  report: async () => (await import('./report.ts')).reportCommands,
  store: async () => (await import('./store.ts')).storeCommands,
}

// `airworthy audit export | head` ends without a stack trace: as if it was interrupted where there is something to clean up, else as
// SIGPIPE ends others. Nobody has to read stderr: a kit whose log is cut off goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.stdout.removeAllListeners('error').on('error', () => {})
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM')
  else process.exit(141)
})
process.stderr.on('error', () => {})

const args = asFlags(process.argv.slice(2))
const named = args[0] !== undefined && Object.hasOwn(commands, args[0]) ? [args[0]] : Object.keys(commands)
const routes = Object.fromEntries(
  await Promise.all(named.map(async (name) => [name, await (commands[name] as () => Promise<Target>)()] as const)),
)
const application = buildApplication<CliContext>(
  buildRouteMap({ routes, docs: { brief: 'Airworthy, the go/no-go kit for AI agents that act.' } }),
  {
    name: 'airworthy',
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput: (given) =>
          `${text_en.noCommandRegisteredForInput(given)}\nMend: \`airworthy --help\` lists the commands.`,
        exceptionWhileParsingArguments(thrown, color) {
          const command = args.filter((arg) => !arg.startsWith('-')).slice(0, isGroup(args[0]) ? 2 : 1)
          return `${text_en.exceptionWhileParsingArguments(thrown, color)}\nMend: see \`airworthy ${command.join(' ')} --help\`.`
        },
      },
    },
  },
)
const context = {
  process,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  env: process.env,
  isTty: process.stdout.isTTY === true,
} satisfies CliContext
// Node types its exit code a little wider than the library does.
await run(application, args, context as StricliDynamicCommandContext<CliContext>)
// The library has negative codes for what it could not parse or load; ours for that is 3.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = exitCodes.usage

/** What every command line understands: `help`, `help eval run`, `version`. */
function asFlags(given: readonly string[]): string[] {
  if (given[0] === 'help') return [...given.slice(1), '--help']
  return given.length === 1 && given[0] === 'version' ? ['--version'] : [...given]
}

function isGroup(name: string | undefined): boolean {
  return name !== undefined && Object.hasOwn(routes, name) && 'getRoutingTargetForInput' in (routes[name] as Target)
}
