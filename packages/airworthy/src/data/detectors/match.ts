/** What one detector says about one place in a text. Offsets are UTF-16 code units, `end` is exclusive. */
import type { BuiltDetector } from '../../core/manifest/detectors.ts'

export interface Match {
  readonly kind: BuiltDetector
  readonly start: number
  readonly end: number
  /** How specific the evidence is, 0 to 1: 1 is a checksum or a vendor's own format, less is a guess from the surroundings. */
  readonly score: number
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

export function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

export function isAsciiAlphanumeric(code: number): boolean {
  return isAsciiLetter(code) || isDigit(code)
}

/** The single characters that people put between groups of digits: space, no-break space, hyphens, en dash. */
export function isGroupSeparator(code: number): boolean {
  return code === 32 || code === 45 || code === 0xa0 || code === 0x202f || (code >= 0x2010 && code <= 0x2013)
}
