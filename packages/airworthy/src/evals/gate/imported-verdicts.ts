/**
 * Verdicts of another tool, kept as evidence of what somebody was told, and as nothing more: nobody here saw what that tool ran, on which
 * release, with which guard. It stands under a name of its own beside EVAL-3, and its outcome is never a pass. Pure.
 */
import type { Digest } from '../../core/digest.ts'
import { version } from '../../core/version.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import { type ImportedVerdict, importedMark } from '../import/import-report.ts'
import { shownCount } from '../statistics/shown-share.ts'

const importedControl = 'EVAL-3/imported'

/** What such verdicts can never prove, whatever they say. */
const notProven = [
  'EVAL-1: their cases are no scenarios of the dataset; none was shown to fail for an agent that does nothing.',
  'EVAL-3 and EVAL-4: they are no rows of a plan, and nothing that they speak of passed the guard of this release.',
  'EVAL-6: the judge behind them is not known here, and not calibrated.',
] as const

export interface ImportedFile {
  /** As it was named on the command line. */
  readonly file: string
  /** Of the file's text. */
  readonly digest: Digest
  readonly verdicts: readonly ImportedVerdict[]
}

/** One piece of evidence for a file of results; texts of prompts and replies are not in it. */
export function importedEvidence(
  { file, digest, verdicts }: ImportedFile,
  of: { readonly release: Digest; readonly environment: string; readonly atMs: number },
): Evidence {
  const count = (wanted: ImportedVerdict['verdict']): number =>
    verdicts.filter(({ verdict }) => verdict === wanted).length
  const [pass, fail, error] = [count('pass'), count('fail'), count('error')]
  const from = verdicts[0]?.from ?? 'promptfoo'
  return {
    ...of,
    control: importedControl,
    producer: `import ${version}`,
    simulated: false,
    outcome: 'unknown',
    summary: `${shownCount(verdicts.length)} verdicts of ${from} (${pass} pass, ${fail} fail, ${error} error), ${importedMark}.`,
    mend: 'Import the configuration of that run as scenarios, and run them: `airworthy eval import`, `airworthy eval run`.',
    notJudged: notProven,
    details: { mark: importedMark, from, file: file.slice(-1_024), digest, pass, fail, error },
  }
}

/** One sentence for whoever reads a verdict of the gate, from the newest import of each file; undefined: there was none. */
export function importedNoteOf(evidence: readonly Evidence[]): string | undefined {
  const newest = new Map<string, Evidence>()
  for (const one of evidence) {
    const { digest } = one.details ?? {}
    if (one.control !== importedControl || typeof digest !== 'string') continue
    if ((newest.get(digest)?.atMs ?? -1) < one.atMs) newest.set(digest, one)
  }
  const sum = (of: string): number =>
    [...newest.values()].reduce((total, { details }) => total + Number(details?.[of] ?? 0), 0)
  const total = sum('pass') + sum('fail') + sum('error')
  if (total === 0) return undefined
  return `Beside it stand ${shownCount(total)} verdicts of another tool (${shownCount(sum('pass'))} pass), ${importedMark}: they prove nothing about this release and count nowhere.`
}
