/** Requests of the older era that are being served, so that `notifications/cancelled`, which is a request of its own, finds them. */
import type { RequestId } from './json-rpc.ts'

export interface InFlight {
  /** Begins a request. `owner` tells clients apart: request ids are unique in a session only, and a session id is no credential. */
  begin(owner: string, id: RequestId): { readonly signal: AbortSignal; end(): void }
  cancel(owner: string, id: RequestId): void
}

export function createInFlight(): InFlight {
  const running = new Map<string, AbortController>()
  const keyOf = (owner: string, id: RequestId): string => `${owner} ${JSON.stringify(id)}`
  return {
    begin(owner, id) {
      const key = keyOf(owner, id)
      const controller = new AbortController()
      running.set(key, controller)
      return {
        signal: controller.signal,
        end: () => {
          if (running.get(key) === controller) running.delete(key)
        },
      }
    },
    cancel: (owner, id) => running.get(keyOf(owner, id))?.abort(new Error('the client cancelled the request')),
  }
}
