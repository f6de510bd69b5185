/**
 * Every error code of the kit, with one sentence for its heading in docs/errors.md. A code is stable once released;
 * `docs.test.ts` keeps this list and that page equal. Decision reasons (core/decision.ts) are a list of their own.
 */
export const errorCodes = {
  INTERNAL_ERROR: 'The kit broke one of its own rules.',
  USAGE_INVALID: 'A command was called with arguments that it does not take.',
  JSON_INVALID: 'A text that should be JSON is not, or goes beyond a limit.',
  PERMIT_MISSING: 'A call that needs a permit of the guard came without one.',
  PERMIT_INVALID: 'A permit is not by this kit, has expired, or could not be checked.',
  PERMIT_MISMATCH: 'A permit is for another tool or for other arguments.',
  PERMIT_REUSED: 'A permit was used a second time.',
  PERMIT_KEY_INVALID: 'A service was given something that is not the permit key of a kit.',
  PERMIT_REQUEST_INVALID: 'A service that demands permits could not read the request.',
} as const satisfies Record<string, string>

export type ErrorCode = keyof typeof errorCodes
