/** Durations as people write them (`500ms`, `10s`, `15m`, `48h`, `31d`) and as the kit keeps them (integer milliseconds). */

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const written = /^(\d{1,9})(ms|s|m|h|d)$/

/** Undefined when the text is not a duration. */
export function durationMsOf(text: string): number | undefined {
  const match = written.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}
