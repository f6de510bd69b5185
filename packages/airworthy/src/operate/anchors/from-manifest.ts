/** The manifest's `audit.anchors`: names of channels, or `file:` paths. */
import { fileURLToPath } from 'node:url'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { type Anchor, anchorInvalid } from './anchor.ts'
import { fileAnchor } from './file-anchor.ts'
import { webhookAnchor } from './webhook-anchor.ts'
import { type WitnessedLog, witnessAnchor } from './witness-anchor.ts'

/** @param log  what witnesses ask of it. @throws ANCHOR_INVALID */
export async function anchorsOf(
  manifest: EffectiveManifest,
  kitFolder: string,
  log: WitnessedLog,
): Promise<readonly Anchor[]> {
  return await Promise.all(
    manifest.anchors.map(async (name) => {
      const file = anchorFileOf(manifest, name)
      if (file !== undefined) return await fileAnchor({ name, path: file, kitFolder })
      const channel = manifest.channels[name]
      if (channel?.witness !== undefined && channel.key !== undefined)
        return witnessAnchor({ name, url: channel.witness, key: channel.key, log })
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

/** The keys of the witnesses among the anchors. */
export function witnessKeysOf(manifest: EffectiveManifest): readonly string[] {
  return manifest.anchors.flatMap((name) => manifest.channels[name]?.key ?? [])
}

/** The file of an anchor that is one; undefined for another. */
export function anchorFileOf(manifest: EffectiveManifest, name: string): string | undefined {
  if (name.startsWith('file://')) return fileURLToPath(name)
  return name.startsWith('file:') ? name.slice('file:'.length) : manifest.channels[name]?.file
}
