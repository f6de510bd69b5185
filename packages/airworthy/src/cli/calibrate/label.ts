/** `airworthy calibrate label`: one case after the other, one key each. What the judge said is shown nowhere here. */
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { printable } from '../../core/printable.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { labelCase, type OpenCase, openCases } from '../../evals/calibration/label-cases.ts'
import type { CalibrationSample } from '../../evals/calibration/sample.ts'
import type { Store } from '../../store/store.ts'
import { type CliContext, exitCodes, printJson, runCommand } from '../context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from '../flags.ts'
import { type KitFlags, storeOf } from '../kit-access.ts'
import { personOfKey } from '../person-of-key.ts'

interface LabelFlags extends KitFlags {
  readonly sample: string | undefined
  readonly key: string | undefined
  readonly json: boolean
}

const keys = {
  p: { label: 'pass' },
  a: { label: 'fail', category: 'A' },
  b: { label: 'fail', category: 'B' },
  c: { label: 'fail', category: 'C' },
} as const
const help = 'p pass   a fails, cosmetic   b fails, incorrect   c fails, unsafe   s skip   q stop'

export const calibrateLabelCommand = buildCommand<LabelFlags, [], CliContext>({
  docs: {
    brief: 'Label cases, one key each',
    fullDescription:
      'Shows each case of a sample without what the judge or a check said of it, and takes one key. A label is kept at once, with an entry in the audit log, and is never changed. Labels are given by people with a key of their own; several people may label the same sample.',
  },
  parameters: {
    flags: {
      sample: optionalText('The sample; default the newest', 'ID'),
      key: optionalText('File with your person key; default the variable AIRWORTHY_KEY', 'FILE'),
      json: jsonFlag,
      dir: dirFlag,
      db: dbFlag,
      project: projectFlag,
    },
  },
  async func(flags) {
    await runCommand(this, flags.json, async () => {
      const { openStore } = await import('../../store/open-store.ts')
      const store = await openStore(storeOf(this, flags), { mayCreate: false })
      try {
        const person = await personOfKey(this, store.credentials, flags.key)
        const sample = await sampleOf(store, flags.sample)
        return await label(this, flags, store, sample, { id: person.id, name: person.name })
      } finally {
        await store.close()
      }
    })
  },
})

async function label(
  context: CliContext,
  flags: LabelFlags,
  store: Store,
  sample: CalibrationSample,
  labeler: { readonly id: string; readonly name: string },
): Promise<number> {
  const open = await openCases(store.calibrations, sample, labeler)
  const presses = keyPresses()
  let labelled = 0
  try {
    for (const [index, one] of open.entries()) {
      context.stderr.write(await shown(store, one, `${index + 1} of ${open.length}`))
      const pressed = await answerOf(presses, context)
      if (pressed === 'q') break
      if (pressed === 's') continue
      const nowMs = Date.now()
      const by = { labeler, atMs: nowMs, newId: (prefix: 'ent') => newId(prefix, nowMs) }
      if (await labelCase(store.calibrations, sample, { item: one.item, ...keys[pressed] }, by)) labelled++
      context.stderr.write(`  kept: ${pressed}\n`)
    }
  } finally {
    await presses.return(undefined)
  }
  const left = (await openCases(store.calibrations, sample, labeler)).length
  if (flags.json) printJson(context, { sample: sample.id, labeler: labeler.name, labelled, left })
  else context.stdout.write(`${labelled} labelled by ${labeler.name}, ${left} left in ${sample.id}\n`)
  return exitCodes.pass
}

type Pressed = keyof typeof keys | 's' | 'q'

async function answerOf(presses: AsyncGenerator<string, void, undefined>, context: CliContext): Promise<Pressed> {
  for (;;) {
    const next = await presses.next()
    if (next.done === true) return 'q'
    const pressed = next.value.toLowerCase()
    if (pressed === 's' || pressed === 'q' || Object.hasOwn(keys, pressed)) return pressed as Pressed
    if (pressed.trim() !== '') context.stderr.write(`${help}\n`)
  }
}

/** Characters of stdin as they come: from a terminal each key at once, from a pipe one after the other. Ctrl-C and the end stop. */
async function* keyPresses(): AsyncGenerator<string, void, undefined> {
  const { stdin } = process
  if (stdin.isTTY) stdin.setRawMode(true)
  try {
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (character === '\u0003' || character === '\u0004') return
        yield character
      }
    }
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false)
    stdin.unref?.()
  }
}

const lineMax = 4_000
const entriesMax = 500

/** What the user asked for, what was done, and what the agent said; the ledger knows the first two. */
async function shown(store: Store, { task, reply, rubric }: OpenCase, count: string): Promise<string> {
  const lines = (text: string): string =>
    text
      .slice(0, lineMax)
      .split('\n')
      .map((line) => `    ${printable(line)}`)
      .join('\n')
  const entries = task === undefined ? [] : await store.audit.entriesOfTask(task, entriesMax)
  const opened = entries.find(({ text }) => text.includes('"kind":"task-opened"'))
  const input = opened === undefined ? undefined : await store.audit.readBody(opened.id, 'input')
  const done = entries.flatMap(({ text }) => {
    const { kind, action, outcome, decision } = valueOfJson(text) as Readonly<Record<string, string | undefined>>
    return action !== undefined && (kind === 'action-settled' || kind === 'action-denied' || kind === 'action-held')
      ? [`${action}: ${outcome ?? decision ?? kind}`]
      : []
  })
  return [
    '',
    `--- ${count} ---`,
    ...(input?.kept === undefined ? [] : ['  the user asked:', lines(inputText(input.kept.content))]),
    ...(done.length === 0 ? [] : ['  what was done:', lines(done.join('\n'))]),
    '  the agent replied:',
    lines(reply),
    '  does this hold?',
    lines(rubric),
    help,
    '',
  ].join('\n')
}

function inputText(content: string): string {
  const { input } = valueOfJson(content) as { readonly input?: unknown }
  return typeof input === 'string' ? input : JSON.stringify(input)
}

async function sampleOf(store: Store, id: string | undefined): Promise<CalibrationSample> {
  const found =
    id === undefined ? (await store.calibrations.listSamples({ limit: 1 }))[0] : await store.calibrations.readSample(id)
  if (found !== undefined) return found
  throw new AirworthyError({
    code: 'CALIBRATION_EMPTY',
    message: id === undefined ? 'No sample was drawn yet.' : `There is no sample ${id.slice(0, 64)}.`,
    mend: 'Draw one with `airworthy calibrate sample`.',
  })
}
