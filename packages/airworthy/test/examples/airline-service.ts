/**
 * Stands for the airline's own service, which answers the auth checks of examples/airline from its records: the public database as it
 * was, changed by what the run's earlier calls answered. It says what examples/airline/README.md says a service has to look at.
 */
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { AnswerCheck } from '../../src/operate/replay/port.ts'
import type { RecordedCall } from '../../src/telemetry/recorded-run.ts'

export interface AirlineTables {
  readonly reservations: Readonly<Record<string, Reservation>>
  readonly users: Readonly<Record<string, { readonly membership: Level; readonly payment_methods: JsonObject }>>
  readonly flights: Readonly<Record<string, Leg & { readonly dates: Readonly<Record<string, { status: string }>> }>>
}
type Level = 'regular' | 'silver' | 'gold'
type Cabin = 'basic_economy' | 'economy' | 'business'
interface Leg {
  readonly origin: string
  readonly destination: string
}
interface Segment {
  readonly flight_number: string
  readonly date: string
}
interface Reservation extends Leg {
  readonly reservation_id: string
  readonly user_id: string
  readonly flight_type: string
  readonly cabin: Cabin
  readonly flights: readonly Segment[]
  readonly passengers: readonly unknown[]
  readonly created_at: string
  readonly total_baggages: number
  readonly nonfree_baggages: number
  readonly insurance: string
}

/** Free bags of each passenger: those of basic economy, one more in economy, two more in business. */
const freeInBasic: Readonly<Record<Level, number>> = { regular: 0, silver: 1, gold: 2 }
const moreInCabin: Readonly<Record<Cabin, number>> = { basic_economy: 0, economy: 1, business: 2 }
/** 2024-05-15 15:00 is the benchmark's "now". */
const dayAgoText = '2024-05-14T15:00:00'

export function airlineService(tables: AirlineTables): AnswerCheck {
  return ({ check, run, call, principalId }) => {
    const { reservations, changed, spent } = recordsBefore(tables, run.calls.slice(0, call.index))
    // Each tool's arguments were checked against its schema before any auth check is asked.
    const args = call.arguments as unknown as Reservation & {
      readonly payment_id: string
      readonly payment_methods: readonly { readonly payment_id: string }[]
      readonly amount: number
    }
    const reservation = reservations.get(args.reservation_id)
    const profile = tables.users[reservation?.user_id ?? args.user_id ?? principalId]
    const status = ({ flight_number: number, date }: Segment): string =>
      tables.flights[number]?.dates[date]?.status ?? 'unknown'
    const hasLeft = reservation?.flights.some((segment) => /^(landed|flying)$/.test(status(segment))) ?? true

    switch (check) {
      case 'in_conversation':
        return true
      case 'owns_reservation':
        return reservation?.user_id === principalId
      case 'flights_open': {
        const kept = new Set(reservation?.flights.map(keyOf))
        return args.flights.every((segment) => kept.has(keyOf(segment)) || status(segment) === 'available')
      }
      case 'payment_in_profile': {
        const ids = args.payment_methods?.map((one) => one.payment_id) ?? [args.payment_id]
        const kinds = ids.map((id) => (spent.has(id) ? undefined : sourceOf(profile?.payment_methods[id])))
        const most = { certificate: 1, credit_card: 1, gift_card: 3 }
        return (
          !kinds.includes(undefined) &&
          Object.entries(most).every(([kind, count]) => kinds.filter((one) => one === kind).length <= count)
        )
      }
      case 'bag_fee_right': {
        const { cabin, passengers } = reservation ?? args
        if (profile === undefined) return false
        const free = (freeInBasic[profile.membership] + moreInCabin[cabin]) * passengers.length
        return args.nonfree_baggages === Math.max(0, args.total_baggages - free)
      }
      case 'bags_only_added':
        return reservation !== undefined && args.total_baggages >= reservation.total_baggages
      case 'same_headcount':
        return args.passengers.length === reservation?.passengers.length
      case 'change_allowed': {
        if (reservation === undefined) return false
        if (args.cabin !== reservation.cabin && hasLeft) return false
        if (args.flights.map(keyOf).join() === reservation.flights.map(keyOf).join()) return true
        return reservation.cabin !== 'basic_economy' && leadsThere(args.flights, reservation, tables)
      }
      case 'cancellation_grounds':
        return (
          reservation !== undefined &&
          !hasLeft &&
          (reservation.created_at >= dayAgoText ||
            reservation.flights.some((segment) => status(segment) === 'cancelled') ||
            reservation.cabin === 'business' ||
            reservation.insurance === 'yes')
        )
      case 'compensation_grounds':
        return [...reservations.values()].some((one) => {
          if (one.user_id !== args.user_id) return false
          const isEligible = profile?.membership !== 'regular' || one.insurance === 'yes' || one.cabin === 'business'
          const states = one.flights.map(status)
          const isDelayed = states.includes('delayed') && changed.has(one.reservation_id)
          const rate = states.includes('cancelled') ? 100 : isDelayed ? 50 : 0
          return isEligible && rate > 0 && args.amount === rate * one.passengers.length
        })
      default:
        return undefined
    }
  }
}

/** Reservations as the service's own answers left them, which were changed, and certificates that bookings have used up. */
function recordsBefore(
  { reservations }: AirlineTables,
  calls: readonly RecordedCall[],
): {
  readonly reservations: ReadonlyMap<string, Reservation>
  readonly changed: ReadonlySet<string>
  readonly spent: ReadonlySet<string>
} {
  const known = new Map(Object.entries(reservations))
  const changed = new Set<string>()
  const spent = new Set<string>()
  for (const { tool, arguments: args, result } of calls) {
    const answer = objectOf(result)
    if (typeof answer?.reservation_id !== 'string') continue
    known.set(answer.reservation_id, answer as unknown as Reservation)
    if (tool === 'update_reservation_flights' || tool === 'cancel_reservation') changed.add(answer.reservation_id)
    if (tool !== 'book_reservation') continue
    for (const { payment_id: id } of args.payment_methods as unknown as { readonly payment_id: string }[])
      if (id.startsWith('certificate_')) spent.add(id)
  }
  return { reservations: known, changed, spent }
}

function objectOf(result: JsonValue | undefined): JsonObject | undefined {
  const value: unknown = typeof result === 'string' && result.startsWith('{') ? JSON.parse(result) : result
  return isJsonObject(value as JsonValue | undefined) ? (value as JsonObject) : undefined
}

function sourceOf(method: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(method) ? method.source : undefined
}

function keyOf({ flight_number: number, date }: Segment): string {
  return `${number}/${date}`
}

/** Whether the legs, in order, start and end where the reservation does; a round trip turns at its destination. */
function leadsThere(segments: readonly Segment[], reservation: Reservation, { flights }: AirlineTables): boolean {
  const stops: string[] = [reservation.origin]
  for (const { flight_number: number } of segments) {
    const leg = flights[number]
    if (leg === undefined || leg.origin !== stops.at(-1)) return false
    stops.push(leg.destination)
  }
  const isRound = reservation.flight_type === 'round_trip'
  return isRound
    ? stops.length > 1 && stops.at(-1) === reservation.origin && stops.includes(reservation.destination, 1)
    : stops.at(-1) === reservation.destination
}
