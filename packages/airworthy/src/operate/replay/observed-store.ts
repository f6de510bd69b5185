/** A guard's store that also remembers what each act said of the action: determining policies, labels, provenance. */
import type { ActionFacts, GuardStore } from '../../guard/port.ts'

export type Seen = Pick<ActionFacts, 'policies' | 'labels' | 'untrusted'>

export interface ObservedStore {
  readonly store: GuardStore
  /** What the last act about this action said; it is forgotten with the answer. */
  seenOf(actionId: string | undefined): Seen | undefined
}

export function observedStore(store: GuardStore): ObservedStore {
  let last: { readonly actionId: string; readonly seen: Seen } | undefined
  const see = (facts: ActionFacts): void => {
    const { actionId, policies, labels, untrusted } = facts
    last = { actionId, seen: { policies, labels, untrusted } }
  }
  return {
    seenOf: (actionId) => (last !== undefined && last.actionId === actionId ? last.seen : undefined),
    store: {
      ...store,
      async recordRefusal(refusal) {
        see(refusal)
        await store.recordRefusal(refusal)
      },
      async hold(hold) {
        see(hold)
        return await store.hold(hold)
      },
      async intend(intent) {
        see(intent)
        return await store.intend(intent)
      },
    },
  }
}
