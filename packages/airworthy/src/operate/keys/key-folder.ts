/**
 * The kit's own keys: `.airworthy/keys/` (0700, files 0600), written at the first start; on many machines they come from the one
 * file that AIRWORTHY_KEY_FILE names, so that every gateway signs as the same kit.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AirworthyError } from '../../core/errors.ts'
import { generateSigningKey, type SigningKey, seedOf, signingKeyFrom } from '../../core/signature.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

export interface KitKeys {
  /** Signs checkpoints and verdicts. */
  readonly audit: SigningKey
  readonly permit: SigningKey
  /** 32 bytes: seals request state and keys fingerprints. */
  readonly seal: Uint8Array
  /** The operator's key, which the CLI reads. */
  readonly operator: string
}

const names = ['audit', 'permit', 'seal', 'operator'] as const
type KeyName = (typeof names)[number]

/** Reads the keys, writing what is missing. @throws KEY_FILE_INVALID */
export function readKitKeys(dir: string, env: Readonly<Record<string, string | undefined>>): KitKeys {
  const file = env.AIRWORTHY_KEY_FILE
  return file === undefined ? keysInFolder(join(dir, 'keys')) : keysInFile(file)
}

/** For who only reads the log: writes nothing, since a new key would say that the log is false. @throws KEY_FILE_INVALID */
export function readAuditKey(dir: string, env: Readonly<Record<string, string | undefined>>): SigningKey {
  const path = join(dir, 'keys', 'audit.key')
  if (env.AIRWORTHY_KEY_FILE !== undefined || existsSync(path)) return readKitKeys(dir, env).audit
  throw new AirworthyError({
    code: 'KEY_FILE_INVALID',
    message: `The key that signs the log is not here: there is no ${path}.`,
    mend: "Put the folder keys/ back from a backup, set AIRWORTHY_KEY_FILE, or give the log's public key with --key.",
  })
}

/** Keys that live as long as the process: for kits in memory. */
export function temporaryKitKeys(): KitKeys {
  return kitKeysOf((name) => fresh(name))
}

function keysInFolder(folder: string): KitKeys {
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    keepOutOfGit(dirname(folder))
  }
  chmodSync(folder, 0o700)
  return kitKeysOf((name) => {
    const path = join(folder, `${name}.key`)
    if (!existsSync(path)) writeOnce(path, fresh(name))
    return readFileSync(path, 'utf8').trim()
  })
}

/** Keys and the texts of tasks are committed by nobody's `git add .`; another folder than the usual one may hold more than ours. */
function keepOutOfGit(dir: string): void {
  const path = join(dir, '.gitignore')
  if (basename(dir) === '.airworthy' && !existsSync(path)) writeFileSync(path, '*\n')
}

/** Whole or not at all, and the first of two starts at once wins: written aside, then linked into place. */
function writeOnce(path: string, text: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  const handle = openSync(aside, 'wx', 0o600)
  try {
    writeSync(handle, `${text}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside)
  }
}

function keysInFile(path: string): KitKeys {
  let values: Record<string, unknown>
  try {
    values = valueOfJson(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw invalid(`The key file ${path} cannot be read as JSON.`, cause)
  }
  return kitKeysOf((name) => {
    const value = values[name]
    if (typeof value !== 'string') throw invalid(`The key file ${path} lacks "${name}".`)
    return value
  })
}

function kitKeysOf(read: (name: KeyName) => string): KitKeys {
  const bytes = (name: KeyName): Uint8Array => {
    const raw = Buffer.from(read(name), 'base64')
    if (raw.length !== 32) throw invalid(`The key "${name}" does not have 32 bytes.`)
    return raw
  }
  return {
    audit: signingKeyFrom(bytes('audit')),
    permit: signingKeyFrom(bytes('permit')),
    seal: bytes('seal'),
    operator: read('operator'),
  }
}

function fresh(name: KeyName): string {
  if (name === 'operator') return `awo_${randomBytes(24).toString('base64url')}`
  const bytes = name === 'seal' ? randomBytes(32) : seedOf(generateSigningKey())
  return Buffer.from(bytes).toString('base64')
}

function invalid(message: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'KEY_FILE_INVALID',
      message,
      mend: 'Restore the key from a backup; a new audit key cannot continue an old log.',
    },
    { cause },
  )
}
