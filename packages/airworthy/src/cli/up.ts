/** `airworthy up`: the kit, its gateway and its API, until it is interrupted. */
import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { askServers } from './ask-servers.ts'
import { type CliContext, exitCodes, runCommand } from './context.ts'
import { dbFlag, dirFlag, environmentFlag, optionalText, projectFlag } from './flags.ts'
import { databaseOf, foldersOf, type KitFlags, runningUrl, storeOf, type UpFile } from './kit-access.ts'
import { startRecording } from './start-recording.ts'

export const defaultPort = 4747

interface UpFlags extends KitFlags {
  readonly port: number
  readonly host: string | undefined
  readonly publicUrl?: string | undefined
  readonly db: string | undefined
  readonly environment: string | undefined
  readonly mode: 'enforce' | 'observe'
  readonly record: boolean
}

export const upCommand = buildCommand<UpFlags, [], CliContext>({
  docs: { brief: 'Run the kit: gateway and API' },
  parameters: {
    flags: {
      port: {
        kind: 'parsed',
        parse: portOf,
        brief: 'Port to listen on',
        default: String(defaultPort),
        placeholder: 'PORT',
      },
      host: optionalText('Address to listen on; beyond loopback must be asked for', 'HOST'),
      publicUrl: optionalText('Address under which agents reach it: behind a proxy, or in a container', 'URL'),
      db: dbFlag,
      dir: dirFlag,
      project: projectFlag,
      environment: environmentFlag,
      mode: {
        kind: 'enum',
        values: ['enforce', 'observe'],
        brief: 'observe records every decision and enforces none',
        default: 'enforce',
      },
      record: {
        kind: 'boolean',
        brief: "Record every task for `trace replay`, whatever the manifest's `recording` says",
        default: false,
      },
    },
  },
  async func(given) {
    await runCommand(this, false, async () => {
      // Before the banner: whoever reads it may interrupt at once.
      const interruption = catchInterruption()
      try {
        const kit = await startKit(this, given)
        this.stdout.write(`${banner(kit)}\n`)
        let isStopping = false
        // Not awaited: a server that is away holds up nobody.
        void askServers(kit.kit, {
          log: (line) => this.stderr.write(`${line}\n`),
          isStopping: () => isStopping,
        })
        await interruption.happened
        isStopping = true
        this.stderr.write('stopping: no new actions; running ones may end\n')
        await kit.close()
      } finally {
        interruption.release()
      }
      return exitCodes.pass
    })
  },
})

export interface StartedKit {
  readonly url: string
  /** There when somebody asked for more than loopback. */
  readonly listensOn?: string | undefined
  readonly kit: import('../kit.ts').Kit
  /** Of tasks, for a replay; undefined: nothing is recorded. */
  readonly recordedShare?: number | undefined
  close(): Promise<void>
}

/** Builds, starts and serves a kit, and leaves its address for other commands. @throws PORT_TAKEN, and what createKit throws */
export async function startKit(context: CliContext, given: UpFlags): Promise<StartedKit> {
  const { project, dir } = foldersOf(context, given)
  await refuseOther(dir)
  const store = storeOf(context, given)
  const database = await databaseOf(store)
  const [{ createKit }, { serve }] = await Promise.all([import('../kit.ts'), import('../server/serve.ts')])
  const kit = await createKit({
    project,
    ...store,
    env: context.env,
    mode: given.mode,
    ...(given.environment === undefined ? {} : { environment: given.environment }),
    log: (line) => context.stderr.write(`${line}\n`),
  })
  const ends: (() => unknown)[] = [() => kit.close()]
  /** Ends what has begun, the last first, all of it: what listens on would keep the process for ever. */
  const close = async (): Promise<void> => {
    const failures: unknown[] = []
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
      try {
        await end()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  try {
    await kit.start()
    const recording = await startRecording(kit, given.record, (line) => context.stderr.write(`${line}\n`))
    ends.push(() => recording?.stop())
    const server = await serve(kit, {
      port: given.port,
      ...(given.host === undefined ? {} : { host: given.host }),
      ...(given.publicUrl === undefined ? {} : { publicUrl: given.publicUrl }),
      log: (line) => context.stderr.write(`${line}\n`),
      ...(recording === undefined ? {} : { recorder: recording.recorder }),
    })
    ends.push(() => server.close())
    const left: UpFile = { url: server.localUrl, pid: process.pid, ...(database === undefined ? {} : { db: database }) }
    await leaveAddress(dir, left)
    ends.push(() => takeAddress(dir, left))
    const { giveBackWhenIdle } = await import('./idle-memory.ts')
    ends.push(giveBackWhenIdle(kit))
    return {
      url: server.url,
      listensOn: given.host === undefined ? undefined : `${given.host}, port ${server.port}`,
      kit,
      recordedShare: recording?.share,
      close,
    }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

/** @param own  what it may find of this kit. @throws KIT_RUNNING */
async function refuseOther(dir: string, own?: UpFile): Promise<void> {
  const other = await runningUrl(dir)
  if (other === undefined || other === own?.url) return
  throw new AirworthyError({
    code: 'KIT_RUNNING',
    message: `A kit runs on ${dir} already, at ${other}.`,
    mend: 'Stop it first, or give another --dir.',
  })
}

/**
 * For other commands. Of two kits that begin at once, and found nobody, the second gives way here.
 * @throws KIT_RUNNING, and what the disk refuses
 */
async function leaveAddress(dir: string, left: UpFile): Promise<void> {
  const upFile = join(dir, 'up.json')
  const aside = `${upFile}.${randomBytes(6).toString('hex')}`
  writeFileSync(aside, JSON.stringify(left), { mode: 0o600 })
  try {
    try {
      linkSync(aside, upFile)
    } catch (error) {
      // What is there is of a kit that was killed, or hangs; other faults are those of a file system without links.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') await refuseOther(dir, left)
      renameSync(aside, upFile)
    }
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Another kit's stays: one that hung, and whose place was taken, may end after that began. */
function takeAddress(dir: string, left: UpFile): void {
  const upFile = join(dir, 'up.json')
  if (existsSync(upFile) && readFileSync(upFile, 'utf8') === JSON.stringify(left)) rmSync(upFile)
}

function banner({ url, listensOn, kit, recordedShare }: StartedKit): string {
  const { manifest, mode, environment, guard } = kit
  return [
    `Airworthy governs ${manifest.agent} in ${environment}, mode ${mode}.`,
    ...(mode === 'observe' ? ['OBSERVE: every decision is recorded and NONE is enforced.'] : []),
    ...(guard.notReady === undefined ? [] : [`NOT READY: ${guard.notReady}`]),
    ...(manifest.principal.assertedByAgent ? ['Principals are asserted by the agent; nobody verifies them.'] : []),
    ...(recordedShare === undefined ? [] : [recordedText(recordedShare, kit.manifest.recording?.failed !== false)]),
    ...(listensOn === undefined ? [] : [`Listens on ${listensOn}.`]),
    `  API  ${url}/api/v1    MCP  ${url}/mcp/${manifest.agent}`,
  ].join('\n')
}

function recordedText(share: number, failed: boolean): string {
  if (share >= 1) return 'Every task is recorded for a replay.'
  return `${Number((share * 100).toFixed(2))} % of tasks${failed ? ', and those that fail,' : ''} are recorded for a replay.`
}

export interface Interruption {
  /** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
  readonly happened: Promise<void>
  /** Stops listening, and lets the process end. */
  release(): void
}

export function catchInterruption(): Interruption {
  let isInterrupted = false
  let stop = (): void => {}
  const happened = new Promise<void>((resolve) => {
    stop = () => {
      if (isInterrupted) process.exit(exitCodes.pass)
      isInterrupted = true
      resolve()
    }
  })
  // What a kit waits for does not always keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  return {
    happened,
    release() {
      clearInterval(alive)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    },
  }
}

export function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('a port is a whole number from 0 to 65535')
  return port
}
