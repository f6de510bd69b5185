#!/usr/bin/env node
// The launcher. It is plain JavaScript that Node 20 can read, because a newcomer's first command may run under that; the kit
// itself needs Node 24, so it re-executes under the pinned Node of the workspace, or under a Node 24 that the system has.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const nodeMajorMin = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cli = join(root, 'dist', 'cli', 'bin.js')
const args = process.argv.slice(2)

if (args.length === 1 && (args[0] === '--version' || args[0] === '-v')) {
  console.log(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
} else if (!existsSync(cli)) {
  fail('The kit is not built yet.', 'Run `npm run build` in the workspace.')
} else if (majorOf(process.versions.node) >= nodeMajorMin) {
  await import(pathToFileURL(cli).href)
} else {
  const node = pinnedNode() ?? systemNode()
  if (node === undefined) {
    fail(
      `The kit needs Node ${nodeMajorMin}; this is ${process.version}.`,
      `Install Node ${nodeMajorMin} or newer, or run \`npm ci\` in the workspace, which brings one along.`,
    )
  } else reexecute(node)
}

/** The Node that the workspace pins for this platform. */
function pinnedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const path = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** A newer Node under one of the names that systems give it. */
function systemNode() {
  for (const name of ['node24', 'node-24', 'nodejs24', 'node']) {
    const found = spawnSync(name, ['--version'], { encoding: 'utf8' })
    if (found.status === 0 && majorOf(found.stdout.trim().replace(/^v/, '')) >= nodeMajorMin) return name
  }
  return undefined
}

function reexecute(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' })
  // A terminal sends ^C to both; the child decides how it ends, and this process ends the same way.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) =>
    fail(`${node} could not be started: ${error.message}.`, 'Check that it can be executed.'),
  )
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
  })
}

function majorOf(version) {
  return Number(version.split('.')[0])
}

function fail(message, mend) {
  console.error(`${message}\nMend: ${mend}`)
  process.exitCode = 3
}
