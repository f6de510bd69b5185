/** `airworthy kill [TOOL]`: stops the agent, or one tool of it; success means that nothing under it runs any more. */
import { buildCommand } from '@stricli/core'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, projectFlag, reasonFlag } from './flags.ts'
import { type KitFlags, withKit } from './kit-access.ts'

export const killCommand = buildCommand<
  KitFlags & { json: boolean; reason: string | undefined },
  [string?],
  CliContext
>({
  docs: { brief: 'Stop the agent, or one tool of it, now' },
  parameters: {
    flags: { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag, reason: reasonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'A tool; without it the whole agent stops', placeholder: 'TOOL', parse: String, optional: true },
      ],
    },
  },
  async func(given, tool) {
    await runCommand(this, given.json, async () => {
      const { report, isKitRunning } = await withKit(this, given, async (kit) => ({
        report: await kit.kill(tool ?? '*', given.reason ?? 'stopped by the operator'),
        isKitRunning: kit.isKitRunning,
      }))
      const isStopped = report.quiesced !== null && report.verified !== null
      if (given.json) printJson(this, report)
      else {
        const stillRunning = isKitRunning
          ? 'something still runs; call `airworthy kill` again'
          : 'the ledger shows actions that were running when the kit ended; the next kit settles them'
        const refused = isKitRunning ? 'a probe was refused with KILLED' : 'the store refused an attempt with KILLED'
        const after = (ms: number | null): string => (ms === null ? 'NOT YET' : `${ms - report.requested} ms`)
        this.stdout.write(
          [
            `${tool === undefined ? `The agent ${report.agent}` : `The tool ${tool}`} is stopped: nothing new executes.`,
            `  propagated  ${after(report.propagated)}   committed; every gateway reads it before it executes`,
            `  quiesced    ${after(report.quiesced)}   ${report.quiesced === null ? stillRunning : 'nothing under it runs any more'}`,
            `  verified    ${after(report.verified)}   ${report.verified === null ? 'a probe was not refused' : refused}`,
            ...(isKitRunning ? [] : ['No kit runs on this folder; the next one finds the kill on.']),
            `Lift it with \`airworthy revive${tool === undefined ? '' : ` ${tool}`}\`.`,
            '',
          ].join('\n'),
        )
      }
      return isStopped ? exitCodes.pass : exitCodes.fail
    })
  },
})
