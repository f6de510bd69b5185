/** Who holds a person key: commands that a person answers for ask it. */
import { readFileSync } from 'node:fs'
import { AirworthyError } from '../core/errors.ts'
import { credentialOf } from '../operate/keys/credentials.ts'
import type { CredentialRecord, CredentialStore } from '../operate/keys/port.ts'
import type { CliContext } from './context.ts'

/** @param file  with the key; undefined: the variable AIRWORTHY_KEY. @throws CREDENTIAL_INVALID */
export async function personOfKey(
  context: CliContext,
  credentials: CredentialStore,
  file: string | undefined,
): Promise<CredentialRecord> {
  const key = file === undefined ? context.env.AIRWORTHY_KEY : readKey(file)
  const person = key === undefined || key === '' ? undefined : await credentialOf(credentials, key)
  if (person?.kind === 'person') return person
  const given = key === undefined || key === '' ? 'none was given' : 'the key that was given is not one here'
  throw new AirworthyError({
    code: 'CREDENTIAL_INVALID',
    message: `This is done by a person with an active key of their own; ${given}.`,
    mend: 'Set AIRWORTHY_KEY or give --key FILE; create a key with `airworthy keys create --kind person --name ana`.',
  })
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
