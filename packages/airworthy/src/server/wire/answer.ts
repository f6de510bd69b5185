/** The guard's answer as the API tells it. */
import type { WireAnswer } from '../../contract/action.ts'
import type { ActionAnswer } from '../../guard/answer.ts'

export function wireOfAnswer(
  answer: ActionAnswer,
  about: { readonly mode: 'enforce' | 'observe'; readonly approvalUrl: (id: string) => string },
): WireAnswer {
  const { approval, fallback } = answer
  return {
    ...(answer.action === undefined ? {} : { action: answer.action }),
    state: answer.state,
    decision: answer.decision,
    reasons: answer.reasons.map((reason) => ({ ...reason })),
    ...(answer.next === undefined ? {} : { next: answer.next }),
    arguments: answer.arguments,
    ...(answer.permit === undefined ? {} : { permit: answer.permit }),
    ...(approval === undefined
      ? {}
      : {
          approval: {
            id: approval.id,
            roles: approval.roles,
            expires_ms: approval.expiresMs,
            summary: approval.summary,
            url: about.approvalUrl(approval.id),
          },
        }),
    ...(fallback === undefined ? {} : { fallback: { ...fallback } }),
    ...(answer.result === undefined ? {} : { result: answer.result }),
    ...(answer.error === undefined ? {} : { error: answer.error }),
    // In observe mode false, but for the few that bind there too (a kill, a tool that nobody listed): the guard says which.
    enforced: answer.enforced,
    mode: about.mode,
  }
}
