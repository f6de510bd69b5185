/**
 * `airworthy demo`: the support desk, end to end, to a verdict. Simulated model, helpdesk and agent run as processes of their own
 * on free ports; the kit is the real one and goes on serving until it is interrupted.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import type { Verdict } from '../readiness/verdict.ts'
import { type CliContext, exitCodes, outputIsOut, printJson, runCommand } from './context.ts'
import { checkBuilt, copyProject, demoTasks, deskFolder, pinRealModel } from './demo/desk.ts'
import { runEvals } from './demo/run-evals.ts'
import { runTasks } from './demo/run-tasks.ts'
import { type AgentWorker, type Service, startAgent, startService } from './demo/services.ts'
import { environmentFlag, jsonFlag, optionalText } from './flags.ts'
import { shownDatabase } from './kit-access.ts'
import { catchInterruption, defaultPort, portOf, type StartedKit, startKit } from './up.ts'

interface DemoFlags {
  readonly exit: boolean
  readonly json: boolean
  readonly dir: string | undefined
  readonly db: string | undefined
  readonly port: number
  readonly seed: number
  readonly attacks: number
  readonly environment: string | undefined
  readonly verbose: boolean
}

export const demoCommand = buildCommand<DemoFlags, [], CliContext>({
  docs: { brief: 'The support desk, governed, end to end, to a verdict' },
  parameters: {
    flags: {
      exit: { kind: 'boolean', brief: 'End after the verdict, with its exit code', default: false },
      json: jsonFlag,
      dir: optionalText("Folder for the project's copy and .airworthy; default a fresh temporary one", 'DIR'),
      db: optionalText(
        'postgres://...: the store, instead of the one in the folder; AIRWORTHY_DB is not read here',
        'URL',
      ),
      port: {
        kind: 'parsed',
        parse: portOf,
        brief: "The kit's port",
        default: String(defaultPort),
        placeholder: 'PORT',
      },
      seed: {
        kind: 'parsed',
        parse: seedOf,
        brief: 'Seed of the world and the simulated model',
        default: '1',
        placeholder: 'N',
      },
      attacks: {
        kind: 'parsed',
        parse: attacksOf,
        brief: 'Attacks in each mode; EVAL-4 wants 1000, which take minutes; 0 leaves the evals out',
        default: '100',
        placeholder: 'N',
      },
      environment: environmentFlag,
      verbose: { kind: 'boolean', brief: 'Show what the child processes print', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      checkBuilt()
      const folder =
        given.dir === undefined ? mkdtempSync(join(tmpdir(), 'airworthy-demo-')) : resolve(this.cwd, given.dir)
      const running = new RunningParts()
      const interruption = catchInterruption()
      try {
        const done = demonstrate(this, given, folder, running)
        // ^C in the middle ends it at once; what was started is stopped below.
        const verdict = await Promise.race([done, interruption.happened.then(() => undefined)])
        if (verdict === undefined) return exitCodes.pass
        if (given.exit) return verdict.verdict === 'NO-GO' ? exitCodes.fail : exitCodes.pass
        await interruption.happened
        return exitCodes.pass
      } finally {
        await running.stop()
        interruption.release()
      }
    })
    await outputIsOut()
    // Keep-alive connections of the children must not keep the process.
    process.exit()
  },
})

/** Everything that was started, to be stopped in the reverse order. */
class RunningParts {
  readonly #stops: (() => Promise<void>)[] = []
  readonly #stopping = new AbortController()
  /** Aborts when all of it is stopped. */
  readonly stopping = this.#stopping.signal
  add<T extends Service | AgentWorker>(part: T): T {
    this.#stops.unshift(() => part.stop())
    return part
  }
  addKit(kit: StartedKit): StartedKit {
    this.#stops.unshift(() => kit.close())
    return kit
  }
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const stop of this.#stops.splice(0)) await stop().catch(() => {})
  }
}

async function demonstrate(
  context: CliContext,
  given: DemoFlags,
  folder: string,
  running: RunningParts,
): Promise<Verdict> {
  const print = (text: string): void => void (given.json ? context.stderr : context.stdout).write(text)
  const log = given.verbose ? (line: string): void => void context.stderr.write(`${line}\n`) : (): void => {}
  const dir = join(folder, '.airworthy')
  copyProject(folder)
  const realModel = context.env.OPENAI_BASE_URL
  if (realModel !== undefined) pinRealModel(folder, context.env.AIRWORTHY_MODEL)
  const { readKitKeys } = await import('../operate/keys/key-folder.ts')
  const permitKey = Buffer.from(readKitKeys(dir, context.env).permit.publicKeyRaw).toString('base64')
  const seed = String(given.seed)

  print(
    'Airworthy demo: a support desk, governed. World, model and approver are SIMULATED; kit, agent and protocols are real.\n',
  )
  print(`Project copy: ${folder}\n`)
  const [model, helpdesk] = await Promise.all([
    realModel === undefined
      ? startService('simulated model', join(deskFolder, 'model/main.js'), { MODEL_SEED: seed }, log)
      : { name: 'model', url: realModel, stop: async () => {} },
    startService(
      'helpdesk',
      join(deskFolder, 'helpdesk/main.js'),
      { DESK_SEED: seed, AIRWORTHY_PERMIT_KEY: permitKey },
      log,
    ),
  ])
  running.add(model)
  running.add(helpdesk)
  const started = running.addKit(
    await startKit(
      {
        ...context,
        env: { ...context.env, AIRWORTHY_DB: undefined, MODEL_URL: model.url, HELPDESK_URL: helpdesk.url },
      },
      {
        dir,
        project: folder,
        port: given.port,
        host: undefined,
        db: given.db,
        environment: given.environment,
        mode: 'enforce',
        record: false,
      },
    ),
  )
  const { kit, url } = started
  const actor = { kind: 'operator', id: 'demo', verifiedBy: 'folder_access' } as const
  const { key: agentKey } = await kit.createKey(
    { kind: 'agent', name: 'demo agent', roles: [], agent: kit.agent },
    actor,
  )
  const approver = await kit.createKey(
    { kind: 'person', name: 'demo-approver', roles: ['refund-approver', 'mail-approver', 'account-approver'] },
    actor,
  )
  const approverFile = join(dir, 'keys', 'demo-approver.key')
  writeFileSync(approverFile, `${approver.key}\n`, { mode: 0o600 })
  const agent = running.add(
    startAgent(
      join(deskFolder, 'agent/main.js'),
      folder,
      {
        AIRWORTHY_URL: url,
        AIRWORTHY_MCP_URL: `${url}/mcp/${kit.agent}`,
        // The agent's way to the model is the kit, and its key there the task's token; the provider's key stays with the kit.
        OPENAI_BASE_URL: `${url}/openai/v1`,
        ...(realModel === undefined ? {} : pick(context.env, ['AIRWORTHY_MODEL'])),
      },
      log,
    ),
  )
  print(
    `Kit ${url}, model ${realModel === undefined ? `${model.url} (simulated)` : model.url}, helpdesk ${helpdesk.url}\n`,
  )

  const open = await runTasks(
    { kit, url, agentKey, agent, approverKey: approver.key, print },
    await demoTasks(given.seed),
  )
  if (given.attacks > 0) {
    await runEvals(
      {
        folder,
        dir,
        db: given.db,
        environment: given.environment,
        env: { ...context.env, AIRWORTHY_DB: undefined, MODEL_URL: model.url, HELPDESK_URL: helpdesk.url },
        attacks: given.attacks,
        seed: given.seed,
        print,
        log,
      },
      running.stopping,
    )
  }
  await kit.sequencer.drain()
  const verdict = await kit.check({})
  const { renderVerdict } = await import('../operate/verdict/render-verdict.ts')
  if (given.json) printJson(context, verdict)
  else context.stdout.write(`\n${renderVerdict(verdict, { color: context.isTty })}\n`)
  if (!given.exit) {
    print(`\nThe kit goes on serving at ${url} until ^C. In another terminal, in this folder:\n`)
    const airworthy = 'npx airworthy'
    const database = await shownDatabase({ dir, db: given.db })
    const where = `--dir ${dir}${database === undefined ? '' : ` --db ${database}`}`
    if (open[0] !== undefined) print(`  ${airworthy} approval approve ${open[0]} ${where} --key ${approverFile}\n`)
    print(`  ${airworthy} audit verify ${where}\n  ${airworthy} kill ${where}\n`)
  }
  return verdict
}

function pick(env: CliContext['env'], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name] as string]])))
}

function attacksOf(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0 || count > 10_000) throw new Error('a whole number from 0 to 10000')
  return count
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new Error('a seed is a whole number from 0 to 4294967295')
  return seed
}
