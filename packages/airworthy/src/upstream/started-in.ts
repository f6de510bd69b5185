import { resolve } from 'node:path'
import type { McpServer } from '../core/manifest/effective.ts'

/** Child processes of a manifest start in its folder (or in `cwd`, as seen from there), wherever the kit itself was started. */
export function startedIn(folder: string, servers: readonly McpServer[]): readonly McpServer[] {
  return servers.map((server) =>
    server.command === undefined ? server : { ...server, cwd: resolve(folder, server.cwd ?? '.') },
  )
}
