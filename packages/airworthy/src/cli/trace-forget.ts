/** `airworthy trace forget TASK`: what a task said and did is erased; the log stays whole and says so. */
import { buildCommand } from '@stricli/core'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, projectFlag, reasonFlag } from './flags.ts'
import { type KitFlags, withKit } from './kit-access.ts'

interface Flags extends KitFlags {
  readonly json: boolean
  readonly reason: string | undefined
}

export const traceForgetCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: 'Erase what a task said and did: its recording, and every body in the log',
    fullDescription:
      'The task must be closed, and none of its actions be held, running or in doubt. The audit log stays whole: it keeps salted digests, and an entry for each erasure. Not touched: what was exported or sent on, spans that the agent sent of itself, what people wrote in the human queue, rows of eval runs.',
  },
  parameters: {
    flags: { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag, reason: reasonFlag },
    positional: { kind: 'tuple', parameters: [{ brief: 'Id of the task', placeholder: 'TASK', parse: String }] },
  },
  async func(given, task) {
    await runCommand(this, given.json, async () => {
      const reason = given.reason ?? 'asked for by the operator'
      const forgotten = await withKit(this, given, (kit) => kit.forgetTask(task, reason))
      if (given.json) printJson(this, forgotten)
      else {
        const { bodies_erased: bodies, recording_deleted: isDeleted } = forgotten
        this.stdout.write(
          `${task} is forgotten: ${bodies} bodies erased, ${isDeleted ? 'its recording deleted' : 'no recording was there'}.\n`,
        )
      }
      return exitCodes.pass
    })
  },
})
