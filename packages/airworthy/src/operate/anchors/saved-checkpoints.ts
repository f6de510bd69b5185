/** Reading back what was saved: a checkpoint as it is published, or an anchor file with one a line. */
import { parseCheckpoint } from '../../audit/checkpoint.ts'
import { AirworthyError } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

/**
 * An anchor file may hold millions. Each costs a verification of 0.1 ms and narrows down where a fork began, so they are thinned
 * evenly; the newest always stays, and it alone decides whether there is a fault.
 */
const checkpointsMax = 1_000

/**
 * The signed notes in a text of either form, for `verifyExport`'s `since`. No signature is believed here.
 * @throws CHECKPOINT_INVALID when the text holds none, or a line of an anchor file is none.
 */
export function savedCheckpoints(text: string): string[] {
  if (!text.startsWith('"')) {
    parseCheckpoint(text)
    return [text]
  }
  // A line without its end was cut off by a crash of its writer or a full disk; the checkpoint went there again afterwards.
  const lines = text
    .split('\n')
    .slice(0, -1)
    .filter((line) => !isTorn(line))
  const stride = Math.ceil(lines.length / checkpointsMax)
  const kept = lines.filter((_, position) => (lines.length - 1 - position) % stride === 0)
  const notes = kept.map(readLine)
  if (notes.length === 0) throw invalid('it holds no whole line')
  return notes
}

function isTorn(line: string): boolean {
  return line.startsWith('"') && (line.length === 1 || !line.endsWith('"'))
}

function readLine(line: string, position: number): string {
  let note: unknown
  try {
    note = valueOfJson(line)
  } catch (cause) {
    throw invalid(`line ${position + 1} is not JSON`, cause)
  }
  if (typeof note !== 'string') throw invalid(`line ${position + 1} is not a text`)
  parseCheckpoint(note)
  return note
}

function invalid(why: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'CHECKPOINT_INVALID',
      message: `The anchor file cannot be read: ${why}.`,
      mend: 'Give the file that the anchor wrote, or one saved checkpoint.',
    },
    { cause },
  )
}
