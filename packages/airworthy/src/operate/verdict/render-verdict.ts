/** The verdict as people read it: counts and the first things to do on top, then every control, then GO or NO-GO. */
import type { ControlState, ControlVerdict, Verdict } from '../../readiness/verdict.ts'

export interface RenderOptions {
  readonly color: boolean
  /** Characters in a line; 100 when left out. */
  readonly width?: number
}

const words: Readonly<Record<ControlState, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  unknown: 'unknown',
  not_applicable: 'n/a',
}
const colors: Readonly<Record<ControlState, number>> = { pass: 32, fail: 31, unknown: 33, not_applicable: 2 }
const indent = ' '.repeat(10)

/** Lines, each ended by a line feed. Control characters of what it prints are shown as `?`. Pure. */
export function renderVerdict(verdict: Verdict, options: RenderOptions): string {
  const { color, width = 100 } = options
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const { pass, fail, unknown, not_applicable: inapplicable, mends } = verdict.summary
  const lines = [
    `${pass} pass, ${fail} fail, ${unknown} unknown, ${inapplicable} not applicable`,
    `release ${verdict.release}, environment ${plain(verdict.environment)}, ${verdict.at}`,
    '',
  ]
  if (mends.length > 0) {
    lines.push('First to do')
    mends.forEach((mend, index) => {
      lines.push(...wrapped(mend, width, `  ${index + 1}. `, '     '))
    })
    lines.push('')
  }
  for (const control of verdict.controls) lines.push(...controlLines(control, width, paint))
  if (verdict.exceptions.length > 0) {
    lines.push('', 'Exceptions')
    for (const { control, by, expires, reason } of verdict.exceptions) {
      lines.push(...wrapped(`by ${by} until ${expires}: ${reason}`, width, `  ${control.padEnd(8)}`, indent))
    }
  }
  lines.push('', paint(verdict.verdict === 'NO-GO' ? 31 : 32, verdict.verdict))
  return `${lines.join('\n')}\n`
}

function controlLines(
  { id, title, state, why, mend }: ControlVerdict,
  width: number,
  paint: (code: number, text: string) => string,
): readonly string[] {
  const head = `${id.padEnd(9)} ${paint(colors[state], words[state].padEnd(8))} ${plain(title)}`
  // What is not built says the same 24 times; its mend alone tells it.
  if (mend === 'not built yet')
    return [`${head} (not built yet)`, ...(isPlain(why) ? [] : wrapped(why, width, indent, indent))]
  return [
    head,
    ...wrapped(why, width, indent, indent),
    ...(mend === '' ? [] : wrapped(`Mend: ${mend}`, width, indent, `${indent}      `)),
  ]
}

const isPlain = (why: string): boolean => why === 'This version does not judge this control.'

function wrapped(text: string, width: number, first: string, further: string): readonly string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of plain(text).split(' ')) {
    if (!isEmpty && line.length + word.length + 1 > width) {
      lines.push(line)
      line = further
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

/** Names of tools and reasons come from files and servers: they may not move the cursor or turn the text around. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}
