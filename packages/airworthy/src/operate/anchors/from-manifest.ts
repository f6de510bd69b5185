/** The manifest's `audit.anchors`: names of channels, or `file:` paths. */
import { fileURLToPath } from 'node:url'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { type Anchor, anchorInvalid } from './anchor.ts'
import { fileAnchor } from './file-anchor.ts'
import { webhookAnchor } from './webhook-anchor.ts'

/** @throws ANCHOR_INVALID */
export async function anchorsOf(manifest: EffectiveManifest, kitFolder: string): Promise<readonly Anchor[]> {
  return await Promise.all(
    manifest.anchors.map(async (name) => {
      if (name.startsWith('file:')) return await fileAnchor({ name, path: pathOf(name), kitFolder })
      const channel = manifest.channels[name]
      if (channel?.file !== undefined) return await fileAnchor({ name, path: channel.file, kitFolder })
      if (channel?.webhook === undefined)
        throw anchorInvalid(name, 'no channel has that name', 'Name one of `channels`, or a `file:` path.')
      return webhookAnchor({
        name,
        url: channel.webhook,
        ...(channel.secret === undefined ? {} : { secret: channel.secret }),
      })
    }),
  )
}

function pathOf(name: string): string {
  return name.startsWith('file://') ? fileURLToPath(name) : name.slice('file:'.length)
}
