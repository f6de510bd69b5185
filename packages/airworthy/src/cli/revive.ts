/** `airworthy revive [TOOL]`: lifts a kill. */
import { buildCommand } from '@stricli/core'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, projectFlag, reasonFlag } from './flags.ts'
import { type KitFlags, withKit } from './kit-access.ts'

export const reviveCommand = buildCommand<
  KitFlags & { json: boolean; reason: string | undefined },
  [string?],
  CliContext
>({
  docs: { brief: 'Let a stopped agent, or tool, act again' },
  parameters: {
    flags: { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag, reason: reasonFlag },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A tool; without it the agent', placeholder: 'TOOL', parse: String, optional: true }],
    },
  },
  async func(given, tool) {
    await runCommand(this, given.json, async () => {
      const lifted = await withKit(this, given, (kit) =>
        kit.revive(tool ?? '*', given.reason ?? 'revived by the operator'),
      )
      const what = tool === undefined ? 'The agent' : `The tool ${tool}`
      if (given.json) printJson(this, { lifted })
      else this.stdout.write(lifted ? `${what} may act again.\n` : `${what} was not stopped.\n`)
      return lifted ? exitCodes.pass : exitCodes.fail
    })
  },
})
