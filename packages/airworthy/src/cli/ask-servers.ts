/** Which servers of the manifest are away, told once, at the start. No health loop: the guard asks before each call anyway. */
import { printable } from '../core/printable.ts'
import type { Kit } from '../kit.ts'

/** Over the kit's own connections, bounded by their time-outs; it says nothing of servers that answer, or once `isStopping`. */
export async function askServers(
  kit: Pick<Kit, 'manifest' | 'upstream'>,
  { log, isStopping }: { readonly log: (line: string) => void; readonly isStopping: () => boolean },
): Promise<void> {
  await Promise.all(
    kit.manifest.servers.map(async ({ name }) => {
      const tool = kit.manifest.tools.find(({ server }) => server === name)
      // Asked for its tools by the name of any of them: a server that answers is there, whatever it offers.
      const offered = await kit.upstream.offeredDigest(name, tool?.upstreamName ?? '')
      if (offered.kind !== 'unreachable' || isStopping()) return
      log(`${printable(offered.why)} No call of its tools is executed until it can; the kit goes on.`)
    }),
  )
}
