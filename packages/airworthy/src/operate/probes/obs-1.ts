/** OBS-1: every model call of the latest ones left its span. Counted over real calls; with none there is nothing to judge. */
import type { Finding, ProbeContext, ProbeResult } from './probe-context.ts'

export const modelCallsJudged = 1_000

export async function probeObs1(context: ProbeContext): Promise<ProbeResult> {
  const { ended, untraced, lost } = await context.modelCalls(modelCallsJudged)
  const failures: Finding[] = []
  const unclear: Finding[] = []
  if (untraced > 0) {
    failures.push({
      what: `${untraced} of the latest ${ended} model calls left no span.`,
      mend: 'Report this: the kit ends a call and keeps its span in one act.',
    })
  }
  if (ended === 0) {
    unclear.push({
      what: 'No model call of this release went through the kit.',
      mend: "Give the agent the kit's model address (OPENAI_BASE_URL=<kit>/openai/v1, key: the task token), and run a task.",
    })
  }
  return {
    failures,
    unclear,
    seen: `Each of the latest ${ended} model calls of this release has its span.`,
    notJudged: [
      'Calls that do not go through the kit are not seen.',
      ...(lost === 0 ? [] : [`${lost} more calls were lost with their process.`]),
    ],
    details: { model_calls: ended, untraced, lost },
  }
}
