/**
 * Every error code of the kit, with one sentence for its heading in docs/errors.md. A code is stable once released;
 * `docs.test.ts` keeps this list and that page equal. Decision reasons (core/decision.ts) are a list of their own.
 */
export const errorCodes = {
  INTERNAL_ERROR: 'The kit broke one of its own rules.',
  USAGE_INVALID: 'A command was called with arguments that it does not take.',
  JSON_INVALID: 'A text that should be JSON is not, or goes beyond a limit.',
} as const satisfies Record<string, string>

export type ErrorCode = keyof typeof errorCodes
