/** What the anchors hold, where it can be read back: the append-only files. */
import { existsSync, readFileSync } from 'node:fs'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { anchorFileOf } from './from-manifest.ts'
import { savedCheckpoints } from './saved-checkpoints.ts'

/** Signed notes, for a verification to be held against. @throws CHECKPOINT_INVALID for a file that is no anchor's. */
export function anchoredCheckpoints(manifest: EffectiveManifest): string[] {
  return manifest.anchors.flatMap((name) => {
    const file = anchorFileOf(manifest, name)
    if (file === undefined || !existsSync(file)) return []
    const text = readFileSync(file, 'utf8')
    return text === '' ? [] : savedCheckpoints(text)
  })
}
