/** A kit reads manifest, lock and policies once, when it starts: a rule that was written since is not in force, and somebody should hear so. */
import type { WireStatus } from '../contract/status.ts'
import type { CliContext } from './context.ts'
import { releaseOfFolder } from './evals/release-of-folder.ts'
import { askKit, foldersOf, type KitFlags, operatorKey, runningUrl } from './kit-access.ts'

/** One line when the folder holds another release than the kit that runs on it; undefined also where that cannot be told. Never throws. */
export async function staleReleaseNote(context: CliContext, flags: KitFlags): Promise<string | undefined> {
  const { project, dir } = foldersOf(context, flags)
  try {
    const url = await runningUrl(dir)
    if (url === undefined) return undefined
    const status = await askKit<WireStatus>(url, 'GET', '/status', operatorKey(dir, context.env))
    if (releaseOfFolder(project).release.digest === status.release) return undefined
    return `Note: the kit that runs at ${url} started with another release than this folder holds now; restart it to put this one in force. Tasks that are open then can act no more.`
  } catch {
    return undefined
  }
}
