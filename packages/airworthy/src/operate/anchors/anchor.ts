/** Anchors: places that the kit cannot rewrite. A checkpoint that lies in one binds whoever holds the signing key, too. */
import { AirworthyError } from '../../core/errors.ts'

export interface Anchor {
  /** As in the manifest's `audit.anchors`. */
  readonly name: string
  /** Takes a signed checkpoint; resolves when it is kept there. @throws ANCHOR_UNREACHABLE, ANCHOR_CONTRADICTS */
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

/** The gravest that an anchor can say: this log and the one that it saw are two. */
export function anchorContradicts(name: string, why: string): AirworthyError {
  return new AirworthyError({
    code: 'ANCHOR_CONTRADICTS',
    message: `The anchor "${name}" has seen another history of this log: ${why}. The log was forked, cut or replaced.`,
    mend: 'Keep the folder as it is and find out who changed it: `airworthy audit verify --witness KEY` against a copy from before. A log that was lost begins anew under another agent name.',
    fields: { anchor: name },
  })
}
