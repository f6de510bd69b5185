/** A wait that ends when its client leaves or the server stops. */
import type { Asked } from './route.ts'

/**
 * Runs `wait` with a signal of its own. The server's signal lives as long as the server, so nothing may hang on it for longer than
 * the wait: a signal joined from it (AbortSignal.any) would be kept with every listener that a callee forgot.
 */
export async function untilLeaving<Result>(
  { request, server }: Pick<Asked<unknown, unknown>, 'request' | 'server'>,
  wait: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  const sources = [request.signal, server.closing]
  if (sources.some(({ aborted }) => aborted)) leave()
  for (const source of sources) source.addEventListener('abort', leave)
  try {
    return await wait(leaving.signal)
  } finally {
    for (const source of sources) source.removeEventListener('abort', leave)
  }
}
