/** Puts what a command found on record as evidence, with its audit entry, in the project's own store. */
import { newId } from '../../core/ids.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { CliContext } from '../context.ts'
import { type KitFlags, storeOf } from '../kit-access.ts'

/** @param by  id of the actor in the log. @throws STORE_UNAVAILABLE */
export async function recordEvidence(context: CliContext, flags: KitFlags, by: string, one: Evidence): Promise<void> {
  const { openStore } = await import('../../store/open-store.ts')
  const store = await openStore(storeOf(context, flags))
  const { release, environment, atMs, control, outcome } = one
  try {
    await store.evidence.recordEvidence({
      evidence: [one],
      entry: {
        id: newId('ent', atMs),
        timeMs: atMs,
        kind: 'evidence-recorded',
        actor: { kind: 'kit', id: by, verifiedBy: 'kit' },
        release,
        environment,
        details: { outcomes: { [control]: outcome } },
      },
    })
  } finally {
    await store.close()
  }
}
