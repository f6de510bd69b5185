/** The one error of a request or entity that cannot be evaluated. */
import { AirworthyError } from '../core/errors.ts'

/** @param where what the value is, in words that lead to it: `context.amount`, `entities[3].attrs.owner`. */
export function requestFault(where: string, message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'POLICY_REQUEST_INVALID', message: `${where} ${message}.`, mend, path: where })
}
