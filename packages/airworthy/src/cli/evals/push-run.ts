/** Signs the rows of a run with CI's key, and brings them to a kit. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { AirworthyError, type Fault } from '../../core/errors.ts'
import type { SigningKey } from '../../core/signature.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvalStore } from '../../evals/port.ts'
import type { AcceptedPush } from '../../evals/push/accept-push.ts'
import { type EvalPush, signPush } from '../../evals/push/push-file.ts'
import { ciKeyOf, ciKeyPrefix, ciNameOf } from '../../operate/keys/ci-key.ts'
import type { CliContext } from '../context.ts'
import { optionalText } from '../flags.ts'
import { replaceFile } from '../write-file.ts'

/** What a command says about where its rows go on to. */
export interface PushFlags {
  readonly kit?: string | undefined
  readonly evidence?: string | undefined
  readonly ciKey?: string | undefined
}

export const pushFlags = {
  kit: optionalText('Push the rows to the kit at this address, signed with the CI key', 'URL'),
  evidence: optionalText('Write the rows to this file, signed, for `airworthy evidence push`', 'FILE'),
  ciKey: optionalText('File with the CI key; default the variable AIRWORTHY_CI_KEY', 'FILE'),
} as const

/** Looked for before anything is run. @returns undefined: nothing goes on. @throws KEY_FILE_INVALID */
export function ciKeyWhere(context: CliContext, { kit, evidence, ciKey }: PushFlags): SigningKey | undefined {
  return kit === undefined && evidence === undefined ? undefined : readCiKey(context, ciKey)
}

/** Also of a run that was interrupted: what is added later is pushed later. @throws as pushTo does, STORE_UNAVAILABLE */
export async function giveOn(
  context: CliContext,
  { kit, evidence }: PushFlags,
  evals: EvalStore,
  run: string,
  key: SigningKey,
): Promise<void> {
  const push = await signedRun(evals, run, key)
  if (evidence !== undefined) replaceFile(resolve(context.cwd, evidence), `${JSON.stringify(push)}\n`)
  if (kit === undefined) return
  const { rows, added } = await pushTo(kit, push)
  context.stderr.write(`${rows} rows pushed to ${new URL(kit).origin}, ${added} of them new\n`)
}

/** Time for a kit to put 50,000 rows on record. */
const pushMsMax = 120_000

/** @param file  with the key; undefined: the variable AIRWORTHY_CI_KEY. @throws KEY_FILE_INVALID */
function readCiKey({ env }: Pick<CliContext, 'env'>, file: string | undefined): SigningKey {
  let text = env.AIRWORTHY_CI_KEY ?? ''
  try {
    if (file !== undefined) text = readFileSync(file, 'utf8').trim()
  } catch {
    text = ''
  }
  const key = ciKeyOf(text)
  if (key !== undefined) return key
  throw new AirworthyError({
    code: 'KEY_FILE_INVALID',
    message: `Rows are signed with a CI key (${ciKeyPrefix}...), and none was given.`,
    mend: 'Create one where the kit runs, `airworthy keys create --kind ci --name NAME`, and set AIRWORTHY_CI_KEY or give --ci-key FILE.',
  })
}

/** What is on record of a run by now, signed. @throws STORE_UNAVAILABLE */
async function signedRun(evals: EvalStore, run: string, key: SigningKey): Promise<EvalPush> {
  const plan = await evals.readPlan(run)
  if (plan === undefined) throw new Error(`the run ${run} has just been planned`)
  return signPush(
    plan,
    (await evals.readRows(run)).map(({ row }) => row),
    key,
  )
}

/** @throws what the kit answers, by its code; KIT_UNREACHABLE */
export async function pushTo(url: string, push: EvalPush): Promise<AcceptedPush> {
  let response: Response
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/evals/pushes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ciNameOf(push.public_key)}`, 'content-type': 'application/json' },
      body: JSON.stringify(push),
      redirect: 'error',
      signal: AbortSignal.timeout(pushMsMax),
    })
    const answer = valueOfJson(await response.text()) as unknown
    if (response.ok) return answer as AcceptedPush
    throw new AirworthyError(answer as Fault)
  } catch (cause) {
    if (cause instanceof AirworthyError) throw cause
    throw new AirworthyError(
      {
        code: 'KIT_UNREACHABLE',
        message: 'The kit did not answer, or not as a kit does.',
        mend: 'Correct --kit, and push again: what it has already changes nothing.',
      },
      { cause },
    )
  }
}
