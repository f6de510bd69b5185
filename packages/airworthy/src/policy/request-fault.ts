/** The one error of a request or entity that cannot be evaluated. */
import { AirworthyError } from '../core/errors.ts'

/** Where a value stands, joined to text only when there is a fault: most requests have none, and a decision takes microseconds. */
export type Place = string | { readonly above: Place; readonly name: string | number }

/** The error that says `<place> <message>.`, with a place such as `context.amount` or `entities[3].attrs.owner`. */
export function requestFault(place: Place, message: string, mend: string): AirworthyError {
  const path = textOf(place)
  return new AirworthyError({ code: 'POLICY_REQUEST_INVALID', message: `${path} ${message}.`, mend, path })
}

function textOf(place: Place): string {
  if (typeof place === 'string') return place
  return typeof place.name === 'number'
    ? `${textOf(place.above)}[${place.name}]`
    : `${textOf(place.above)}.${place.name}`
}
