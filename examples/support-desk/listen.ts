/** Serves an app on loopback, says where on stdout in one JSON line, and ends on SIGTERM or SIGINT, or when a program that started it with a channel is gone. */
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/**
 * @param port 0 for a free one. @param path what the printed address ends with.
 * @returns when it listens: the address, and a function that stops it.
 */
export async function listen(app: Hono, port: number, path: string): Promise<void> {
  const { url, close } = await serveOnLoopback(app, port)
  const end = (): void => void close().then(() => process.exit(0))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
  process.once('disconnect', end)
  // Who started it was gone before it listened; undefined where there is no channel.
  if (process.connected === false) end()
  process.stdout.write(`${JSON.stringify({ ready: true, url: `${url}${path}` })}\n`)
}

/** @returns the address, without a slash at its end. Rejects when the port is taken. */
export function serveOnLoopback(
  app: Hono,
  port = 0,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (info) => {
      const close = () =>
        new Promise<void>((closed) => {
          server.close(() => closed())
          if ('closeAllConnections' in server) server.closeAllConnections()
        })
      resolve({ url: `http://127.0.0.1:${info.port}`, close })
    })
    server.once('error', reject)
  })
}
