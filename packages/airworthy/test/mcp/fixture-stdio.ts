/** The fixture server as a child process. `FIXTURE_ERA=legacy` refuses the 2026 era as a server of 2025 would. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createFixtureServer, fixtureWorld } from './fixture-server.ts'

if (process.env.FIXTURE_NOISE !== undefined) console.error(process.env.FIXTURE_NOISE)
const world = fixtureWorld()
if (process.env.FIXTURE_ERA === 'legacy') {
  const { StdioServerTransport } = await import('@modelcontextprotocol/server/stdio')
  await createFixtureServer(world).connect(new StdioServerTransport())
} else {
  serveStdio(() => createFixtureServer(world))
}
