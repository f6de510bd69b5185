/** Anchors: places that the kit cannot rewrite. A checkpoint that lies in one binds whoever holds the signing key, too. */
import { AirworthyError } from '../../core/errors.ts'

export interface Anchor {
  /** As in the manifest's `audit.anchors`. */
  readonly name: string
  /** Takes a signed checkpoint; resolves when it is kept there. @throws ANCHOR_UNREACHABLE */
  deliver(note: string): Promise<void>
}

export function anchorUnreachable(name: string, why: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'ANCHOR_UNREACHABLE',
      message: `The anchor "${name}" did not take a checkpoint: ${why}.`,
      mend: 'Look at the anchor; delivery is tried again by itself.',
      fields: { anchor: name },
    },
    { cause },
  )
}

export function anchorInvalid(name: string, why: string, mend: string): AirworthyError {
  return new AirworthyError({
    code: 'ANCHOR_INVALID',
    message: `The anchor "${name}" would not protect the log: ${why}.`,
    mend,
    fields: { anchor: name },
  })
}
