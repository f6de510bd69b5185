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
      const file = anchorFileOf(manifest, name)
      if (file !== undefined) return await fileAnchor({ name, path: file, kitFolder })
      const channel = manifest.channels[name]
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

/** The file of an anchor that is one; undefined for a webhook. */
export function anchorFileOf(manifest: EffectiveManifest, name: string): string | undefined {
  if (name.startsWith('file://')) return fileURLToPath(name)
  return name.startsWith('file:') ? name.slice('file:'.length) : manifest.channels[name]?.file
}
