/** A walk on a copy of the task ends here when the copy turned out not to be the task any more. Nothing was written, nothing was executed. */
export class Overtaken extends Error {}

/** For `catch`: the walk is to be made again, on the task as it is read. */
export function overtaken(error: unknown): undefined {
  if (!(error instanceof Overtaken)) throw error
}
