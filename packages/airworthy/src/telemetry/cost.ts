/**
 * What a model call cost. The counts are those of OpenTelemetry's GenAI conventions: `input` is the total, and tokens read from or
 * written to a cache are parts of it, never to be added. Prices are micro-dollars per million tokens; the sum is exact and rounded
 * up once. Without a price the call is unpriced, which is not zero.
 */

export interface TokenUsage {
  /** All of the input, cached tokens included. */
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** Micro-dollars per million tokens. */
export interface TokenPrice {
  readonly input: number
  readonly output: number
  readonly cache_read: number
  readonly cache_write: number
}

export type TokenCost =
  | { readonly kind: 'priced'; readonly usdMicros: number }
  /** Nobody knows what this model costs. */
  | { readonly kind: 'unpriced' }

/** Counts as a provider reported them, with parts that exceed their total cut to it; `isClamped` says that they did. Pure, never throws. */
export function saneUsage(usage: TokenUsage): { readonly usage: TokenUsage; readonly isClamped: boolean } {
  const count = (value: number): number => (Number.isSafeInteger(value) && value > 0 ? value : 0)
  const input = count(usage.input)
  const output = count(usage.output)
  const cacheRead = Math.min(count(usage.cacheRead), input)
  const cacheWrite = Math.min(count(usage.cacheWrite), input - cacheRead)
  const sane = { input, output, cacheRead, cacheWrite }
  const isClamped = (Object.keys(sane) as (keyof TokenUsage)[]).some((name) => sane[name] !== usage[name])
  return { usage: sane, isClamped }
}

/** Pure. The usage must be sane. */
export function costOf(usage: TokenUsage, price: TokenPrice | undefined): TokenCost {
  if (price === undefined) return { kind: 'unpriced' }
  const { input, output, cacheRead, cacheWrite } = usage
  // The product of tokens and price passes 2^53 before the sum is of any size.
  const total =
    BigInt(input - cacheRead - cacheWrite) * BigInt(price.input) +
    BigInt(cacheRead) * BigInt(price.cache_read) +
    BigInt(cacheWrite) * BigInt(price.cache_write) +
    BigInt(output) * BigInt(price.output)
  return { kind: 'priced', usdMicros: Number((total + 999_999n) / 1_000_000n) }
}
