/**
 * The report as one file of HTML that needs nothing else: no script, no font, no address. Everything that came from outside (names,
 * replies, reasons) is escaped, and the page's own policy would refuse a script if one got in.
 */
import { shownCount, shownInterval, shownShare, shownUpperBound } from '../statistics/shown-share.ts'
import { type EvalReport, type ReportedTrial, type RunReport, troubles, whyOf } from './eval-report.ts'
import { htmlStyle } from './html-style.ts'
import { heldWords, verdictWords } from './verdict-words.ts'

/** A page of more is not read, and opens slowly. */
const troublesMax = 500

export function htmlReport(report: EvalReport): string {
  const { agent, release, environment, at, gate, runs } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${html(verdictWords[gate.verdict])}: evals of ${html(agent)}</title>
<style>${htmlStyle}</style>
</head>
<body>
<header class="${gate.verdict}">
<p class="agent">Evals of <b>${html(agent)}</b> in ${html(environment)}</p>
<h1>${html(verdictWords[gate.verdict])}</h1>
<p class="meta">release <code>${html(release.slice(0, 19))}</code>, ${html(at)}</p>
</header>
<main>
${numbers(report)}
${mends(gate.mends)}
<section>
<h2>Controls</h2>
<ul class="controls">${gate.controls.map(control).join('')}</ul>
</section>
${runs.map(runSection).join('\n')}
</main>
<footer>Printed by Airworthy from append-only rows and the audit log. The verdict is a recount of them.</footer>
</body>
</html>
`
}

function numbers({ gate }: EvalReport): string {
  const tiles: readonly (readonly [string, number, string?])[] = [
    ['planned', gate.planned],
    ['stored', gate.stored],
    ['judged', gate.judged],
    ['passed', gate.passed],
    ['A cosmetic', gate.categories.A],
    ['B incorrect', gate.categories.B],
    ['C unsafe', gate.categories.C, gate.categories.C > 0 ? 'bad' : 'good'],
    ['attacks', gate.attacks],
    ['clusters', gate.clusters],
  ]
  const cells = tiles.map(
    ([name, value, tone]) =>
      `<div${tone === undefined ? '' : ` class="${tone}"`}><dt>${html(name)}</dt><dd>${shownCount(value)}</dd></div>`,
  )
  return `<dl class="numbers">${cells.join('')}</dl>`
}

function mends(lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `<section><h2>To do first</h2><ol class="mends">${lines.map((line) => `<li>${prose(line)}</li>`).join('')}</ol></section>`
}

function control({ id, state, why, mend, decides }: EvalReport['gate']['controls'][number]): string {
  const aside = decides ? '' : '<p class="mend">It does not decide this verdict.</p>'
  return `<li><span class="state ${state}">${html(state.replace('_', ' '))}</span><div><h3>${html(id)}</h3><p>${prose(why)}</p>${mend === '' ? '' : `<p class="mend">${prose(mend)}</p>`}${aside}</div></li>`
}

function runSection(run: RunReport): string {
  const { rate } = run
  const title = `${run.kind === 'attacks' ? 'Attacks' : 'Scenarios'}${run.mode === 'observe' ? ' in observe mode, where nothing is held back' : ''}`
  const rateText =
    rate === undefined ? '' : ` ${shownShare(rate.rate)} passed, 95 % interval ${shownInterval(rate.interval)}.`
  const power =
    rate === undefined || rate.passPower.length === 0
      ? ''
      : `<p>pass^k: ${rate.passPower.map(({ k, rate: share }) => `${k}: ${shownShare(share)}`).join(', ')}.</p>`
  const simulated =
    run.simulated.length === 0
      ? ''
      : `<p class="note">Simulated: ${html(run.simulated.join(', '))}. That counts in dev alone.</p>`
  return `<section>
<h2>${html(title)}</h2>
<p class="meta"><code>${html(run.run)}</code>, ${html(run.at)}</p>
<p>${shownCount(run.planned)} planned, ${shownCount(run.stored)} stored, ${shownCount(run.judged)} judged, ${shownCount(run.passed)} passed.${rateText}</p>
${rate === undefined ? '' : bar(run)}
${power}${run.kind === 'scenarios' && run.judged > 0 ? `<p class="note">${heldWords(run)}</p>` : ''}${simulated}
${run.faults.map(({ why }) => `<p class="fault">${prose(why)}</p>`).join('')}
${run.ignored.map((why) => `<p class="note">${html(why)}</p>`).join('')}
${run.tables.map(attackTable).join('\n')}
${troubleList(run)}
</section>`
}

/** Shares of passed, A, B, C and not judged, as one bar; the numbers stand in the text above. */
function bar({ planned, passed, categories, judged }: RunReport): string {
  if (planned === 0) return ''
  const parts = [
    ['passed', passed],
    ['a', categories.A],
    ['b', categories.B],
    ['c', categories.C],
    ['open', planned - judged],
  ] as const
  const shown = parts.filter(([, count]) => count > 0)
  const label = shown.map(([name, count]) => `${count} ${name}`).join(', ')
  return `<div class="bar" role="img" aria-label="${html(label)}">${shown.map(([name, count]) => `<i class="${name}" style="flex-grow:${count}"></i>`).join('')}</div>`
}

function attackTable({ title, lines }: RunReport['tables'][number]): string {
  const rows = lines.map(
    ({ name, attacks, critical, otherwise, jobsDone, criticalBound }) =>
      `<tr${critical > 0 ? ' class="bitten"' : ''}><th scope="row">${html(name)}</th><td>${attacks}</td><td>${critical}</td><td>${shownUpperBound(criticalBound)}</td><td>${otherwise}</td><td>${jobsDone}</td></tr>`,
  )
  return `<details><summary>By ${html(title)} <span>${lines.length}</span></summary><div class="wide"><table>
<thead><tr><th scope="col">${html(title)}</th><th scope="col">attacks</th><th scope="col">C</th><th scope="col">true rate of C below</th><th scope="col">A and B</th><th scope="col">jobs done</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div></details>`
}

function troubleList(run: RunReport): string {
  const all = troubles(run)
  if (all.length === 0) return '<p class="note">Every trial passed.</p>'
  const more =
    all.length > troublesMax
      ? `<p class="note">And ${shownCount(all.length - troublesMax)} more; the JSON report has more.</p>`
      : ''
  return `<details${run.mode === 'enforce' ? ' open' : ''}><summary>Did not pass <span>${shownCount(all.length)}</span></summary><ul class="troubles">${all.slice(0, troublesMax).map(trouble).join('')}</ul>${more}</details>`
}

const replyMax = 2_000

function trouble(trial: ReportedTrial): string {
  const { case: id, trial: n, category, state, failures, reply, traceId, group } = trial
  const cut = reply === undefined || reply.length <= replyMax ? reply : `${reply.slice(0, replyMax)}...`
  const checks = failures.map(
    ({ category: own, check, why }) => `<li><code>${own} ${html(check)}</code> ${html(why)}</li>`,
  )
  return `<li><span class="mark ${(category ?? 'open').toLowerCase()}">${html(category ?? state)}</span><div><h3>${html(n === 0 ? id : `${id} #${n}`)}</h3><p class="meta">${html(group)}${traceId === undefined ? '' : `, trace <code>${html(traceId)}</code>`}</p>${checks.length === 0 ? `<p>${html(whyOf(trial))}</p>` : `<ul>${checks.join('')}</ul>`}${cut === undefined ? '' : `<blockquote>${html(cut)}</blockquote>`}</div></li>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Our own sentences: what stands between backticks is a command. */
function prose(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

/** For text and for attributes in quotes. Marks that turn the direction of text are shown, not obeyed. */
export function html(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u0000]/g, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`)
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
