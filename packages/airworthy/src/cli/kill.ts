/** `airworthy kill [TOOL]`: stops the agent, or one tool of it; success means that nothing under it runs any more. */
import { buildCommand } from '@stricli/core'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dirFlag, jsonFlag, projectFlag, reasonFlag } from './flags.ts'
import { type KitFlags, withKit } from './kit-access.ts'

export const killCommand = buildCommand<
  KitFlags & { json: boolean; reason: string | undefined },
  [string?],
  CliContext
>({
  docs: { brief: 'Stop the agent, or one tool of it, now' },
  parameters: {
    flags: { json: jsonFlag, dir: dirFlag, project: projectFlag, reason: reasonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'A tool; without it the whole agent stops', placeholder: 'TOOL', parse: String, optional: true },
      ],
    },
  },
  async func(given, tool) {
    await runCommand(this, given.json, async () => {
      const report = await withKit(this, given, (kit) =>
        kit.kill(tool ?? '*', given.reason ?? 'stopped by the operator'),
      )
      const isStopped = report.quiesced !== null && report.verified !== null
      if (given.json) printJson(this, report)
      else {
        const after = (ms: number | null): string => (ms === null ? 'NOT YET' : `${ms - report.requested} ms`)
        this.stdout.write(
          [
            `${tool === undefined ? `The agent ${report.agent}` : `The tool ${tool}`} is stopped: nothing new executes.`,
            `  propagated  ${after(report.propagated)}   committed; every gateway reads it before it executes`,
            `  quiesced    ${after(report.quiesced)}   ${report.quiesced === null ? 'something still runs; look at `airworthy kill` again' : 'nothing under it runs any more'}`,
            `  verified    ${after(report.verified)}   ${report.verified === null ? 'a probe was not refused' : 'a probe was refused with KILLED'}`,
            `Lift it with \`airworthy revive${tool === undefined ? '' : ` ${tool}`}\`.`,
            '',
          ].join('\n'),
        )
      }
      return isStopped ? exitCodes.pass : exitCodes.fail
    })
  },
})
