/** Joins a kit with what records its tasks, where the manifest or the command line asks for it. */
import { recordingDefault } from '../core/manifest/defaults.ts'
import type { RecordingRule } from '../core/manifest/effective.ts'
import type { Kit } from '../kit.ts'
import type { TaskRecorder } from '../operate/recordings/task-recorder.ts'

export interface StartedRecording {
  readonly recorder: TaskRecorder
  readonly share: number
  /** Writes what waits. */
  stop(): Promise<void>
}

const sweepEveryMs = 60_000
const stopMsMax = 5_000

/** @param every  whether every task is recorded, whatever the manifest says. @returns undefined: nothing is recorded, and nothing loaded */
export async function startRecording(
  { manifest, store, guard, taskOfToken }: Kit,
  every: boolean,
  log: (line: string) => void,
): Promise<StartedRecording | undefined> {
  const rule: RecordingRule | undefined = every
    ? { ...recordingDefault, ...manifest.recording, share: 1 }
    : manifest.recording
  if (rule === undefined || (rule.share === 0 && !rule.failed)) return undefined
  const [{ taskRecorder }, { expireRecordings }] = await Promise.all([
    import('../operate/recordings/task-recorder.ts'),
    import('../operate/recordings/expire-recordings.ts'),
  ])
  const { clock } = guard.ports
  const recorder = taskRecorder({
    store: store.recordings,
    taskOfToken,
    readTask: (task) => store.guard.readTask(task),
    rule,
    data: manifest.data,
    gateway: guard.owner,
    clock,
    log,
  })
  // Sooner than old spans go: what was recorded in case a task fails, and what is too much.
  const sweeping = setInterval(() => {
    expireRecordings(store.recordings, clock(), manifest.retention, rule).catch((error: unknown) =>
      log(`old recordings could not be deleted: ${error instanceof Error ? error.message : String(error)}`),
    )
  }, sweepEveryMs)
  sweeping.unref()
  return {
    recorder,
    share: rule.share,
    async stop() {
      clearInterval(sweeping)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stopMsMax)
      })
      await Promise.race([recorder.close(), late])
      clearTimeout(timer)
    },
  }
}
