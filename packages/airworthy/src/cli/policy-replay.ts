/** `airworthy policy replay`: what a manifest would have said to calls that really happened. */
import { resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { compareReplays } from '../operate/replay/compare-replays.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText } from './flags.ts'
import { loadRuns, principalOf, type RunsFlags, runsFlags } from './load-runs.ts'
import { printUnread, unreadJson } from './print-unread.ts'
import { comparisonText, replayJson, replayText } from './replay-text.ts'

interface Flags extends RunsFlags {
  readonly json: boolean
  readonly manifest: string | undefined
  readonly against: string | undefined
}

export const replayCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Send the calls of recorded runs through the guard, executing nothing',
    fullDescription:
      'Reports for each recorded call what is allowed, held or denied, and why. Ends with 0 when every run was read and judged, 1 when one was not or, with --against, when a decision differs, 2 when there is no call to judge.',
  },
  parameters: {
    flags: {
      ...runsFlags,
      json: jsonFlag,
      manifest: optionalText('The manifest, or its folder; default here', 'MANIFEST'),
      against: optionalText('Another manifest, or its folder: what changes from there', 'MANIFEST'),
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { replayProject } = await import('./replay-project.ts')
      const { runs, unread } = loadRuns(this, given)
      const replay = async (manifest: string) =>
        await replayProject({
          manifest: resolve(this.cwd, manifest),
          env: this.env,
          runs,
          principal: principalOf(given),
        })
      const now = await replay(given.manifest ?? '.')
      const comparison = given.against === undefined ? undefined : compareReplays(await replay(given.against), now)
      if (given.json) printJson(this, { ...replayJson(now, comparison), ...unreadJson(unread) })
      else {
        this.stdout.write(replayText(now))
        if (comparison !== undefined) this.stdout.write(comparisonText(comparison, given.against ?? ''))
        printUnread(this, unread)
      }
      if (now.totals.calls === 0) return exitCodes.noVerdict
      const isClean =
        unread.length === 0 && now.faults.length === 0 && (comparison === undefined || comparison.changes.length === 0)
      return isClean ? exitCodes.pass : exitCodes.fail
    })
  },
})
