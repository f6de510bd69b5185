/** Runs the official conformance suite against an address and reads what it wrote: one verdict for each check of each scenario. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'

/** By scenario, then by check; a check that runs several times counts as its worst. */
export type Verdicts = ReadonlyMap<string, ReadonlyMap<string, { readonly status: Status; readonly why: string }>>

/** A program without an entry for importing, so its place in the workspace is named. */
const command = fileURLToPath(
  new URL('../../../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const worst: readonly Status[] = ['FAILURE', 'WARNING', 'SUCCESS', 'INFO', 'SKIPPED']

/** @param revision  a protocol revision; its frozen list of required scenarios is run. @param scenario  that one alone. */
export async function runSuite(url: string, revision: string, scenario?: string): Promise<Verdicts> {
  const folder = await mkdtemp(join(tmpdir(), 'airworthy-suite-'))
  try {
    const which =
      scenario === undefined ? ['--requirements', revision] : ['--scenario', scenario, '--spec-version', revision]
    await run([command, 'server', '--url', url, ...which, '--output-dir', folder])
    return await read(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The scenarios that a revision requires of a server, as the suite's own frozen list names them. */
export async function requiredScenarios(revision: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(command, '../../requirements', `${revision}.yaml`), 'utf8')
  const list = /^server:\n((?: {2}- .*\n)+)/m.exec(text)?.[1] ?? ''
  return new Set([...list.matchAll(/^ {2}- (.*)$/gm)].map((line) => line[1] as string))
}

/** Its exit code speaks of failures, which are counted here; only that it ran to its end matters. */
function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 || code === 1 ? resolve() : reject(new Error(`the suite ended with ${code}`)),
    )
  })
}

async function read(folder: string): Promise<Verdicts> {
  const verdicts = new Map<string, Map<string, { status: Status; why: string }>>()
  for (const name of (await readdir(folder)).sort()) {
    const scenario = /^server-(.+?)-\d{4}-\d{2}-\d{2}T/.exec(name)?.[1]
    if (scenario === undefined) continue
    const checks = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as {
      id: string
      status: Status
      errorMessage?: string
    }[]
    const ofScenario = verdicts.get(scenario) ?? new Map<string, { status: Status; why: string }>()
    for (const { id, status, errorMessage = '' } of checks) {
      const known = ofScenario.get(id)
      if (known === undefined || worst.indexOf(status) < worst.indexOf(known.status))
        ofScenario.set(id, { status, why: errorMessage })
    }
    verdicts.set(scenario, ofScenario)
  }
  return verdicts
}
