/** A channel that is a file: one line of JSON for each notification, on disk before it counts as delivered. */
import { mkdir } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { appendLine } from '../anchors/append-line.ts'
import { bodyText, type SendNotification } from './sent-notification.ts'

export function fileChannel(path: string, folder: string): SendNotification {
  const whole = isAbsolute(path) ? path : join(folder, path)
  return async (notification) => {
    try {
      await mkdir(dirname(whole), { recursive: true })
      await appendLine(whole, bodyText(notification))
      return undefined
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
      return { why: `the file could not be written (${code})`, isPassing: true }
    }
  }
}
