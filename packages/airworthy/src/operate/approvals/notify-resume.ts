/** Tells a task's resume webhook that an action of it was executed or refused. It carries ids only; the task reads the result. */

const timeoutMs = 5_000
const triesMax = 3

/** Never throws; what could not be delivered is logged, and the task still finds its result. */
export async function notifyResume(
  url: string,
  body: { readonly task: string; readonly action: string },
  log: (line: string) => void,
): Promise<void> {
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'airworthy.action-finished', ...body }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.body?.cancel()
      if (response.ok) return
    } catch {
      // Tried again below; the last failure is logged.
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * attempt))
  }
  log(`the resume webhook of task ${body.task} did not take the notice for ${body.action}`)
}
