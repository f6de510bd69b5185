/**
 * What in a run is not real, told by what stands in the manifest and the cases and never by whoever starts it. Nobody can look into a
 * process, so the rule is a careful one: whatever answers from this machine, or from an address that nobody can have, is simulated. Pure.
 */
import type { EffectiveManifest } from '../../core/manifest/effective.ts'

export type SimulatedPart = 'world' | 'approver' | 'model' | 'judge'

const order: readonly SimulatedPart[] = ['world', 'approver', 'model', 'judge']

/** @param cases  what each case brings along: a world of its own, an approver that decides, a judge that is asked. */
export function simulatedParts(
  { model, judges = {} }: Pick<EffectiveManifest, 'model' | 'judges'>,
  cases: readonly { readonly simulated: readonly ('world' | 'approver')[] }[],
  asksJudge: boolean,
): readonly SimulatedPart[] {
  const found = new Set<SimulatedPart>(cases.flatMap(({ simulated }) => simulated))
  if (model?.baseUrl !== undefined && isOfThisMachine(model.baseUrl)) found.add('model')
  const isLocalJudge = Object.values(judges).some(({ baseUrl }) => baseUrl !== undefined && isOfThisMachine(baseUrl))
  if (asksJudge && isLocalJudge) found.add('judge')
  return order.filter((part) => found.has(part))
}

/** Loopback, the unspecified address, and names that are reserved for tests (RFC 6761); also what is no address at all. */
export function isOfThisMachine(address: string): boolean {
  if (!URL.canParse(address)) return true
  const host = new URL(address).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return (
    /^(?:127\.|0\.0\.0\.0$)/.test(host) ||
    /^(?:::1?|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})$/.test(host) ||
    /(?:^|\.)(?:localhost|invalid|test|example)$/.test(host)
  )
}
