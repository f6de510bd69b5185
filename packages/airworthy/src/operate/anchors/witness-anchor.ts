/**
 * The witness (C2SP tlog-witness): somebody else's server that cosigns a checkpoint when it extends what it saw before, and refuses it otherwise. What it
 * saw last is its own memory: a client that does not know asks with 0, is told, and proves from there.
 */

import { toBase64 } from '../../audit/base64.ts'
import { parseCheckpoint } from '../../audit/checkpoint.ts'
import { findCosignature, withCosignatures } from '../../audit/cosignature.ts'
import { cosignatureType, parseVkey } from '../../audit/note.ts'
import { AirworthyError } from '../../core/errors.ts'
import { type Anchor, anchorContradicts, anchorInvalid, anchorUnreachable } from './anchor.ts'
import { anchorAddress } from './anchor-address.ts'
import type { CosignatureStore } from './port.ts'

export interface WitnessAnchorOptions {
  readonly name: string
  /** The submission prefix; checkpoints go to `<url>/add-checkpoint`. */
  readonly url: string
  /** The witness's key, as `name+id+key` of type 04. */
  readonly key: string
  readonly log: WitnessedLog
  readonly timeoutMs?: number
}

/** What a witness asks of the log. */
export interface WitnessedLog {
  /** That the log of `size2` begins with the log of `size1`; both are covered by checkpoints, and `size1` is above 0. */
  proveConsistency(size1: number, size2: number): Promise<readonly Uint8Array[]>
  readonly cosignatures: Pick<CosignatureStore, 'keep'>
}

/** Its answer is a few lines. */
const answerBytesMax = 64 * 1024
/** Once to be told the size, once more to prove from there, once more when another kit of this log came between. */
const attemptsMax = 3

/** @throws ANCHOR_INVALID for an address or a key that is none */
export function witnessAnchor(options: WitnessAnchorOptions): Anchor {
  const { name, key, log, timeoutMs = 5_000 } = options
  const prefix = anchorAddress(name, options.url)
  const url = new URL(`${prefix.pathname.replace(/\/$/, '')}/add-checkpoint`, prefix)
  checkKey(name, key)
  let seen = 0

  return {
    name,
    async deliver(note) {
      const size = Number(parseCheckpoint(note).size)
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const old = seen
        if (old > size) throw anchorContradicts(name, `it cosigned ${old} entries, and the log has ${size}`)
        const proof = old === 0 ? [] : await log.proveConsistency(old, size)
        const answer = await ask(name, url, bodyOf(old, proof, note), timeoutMs)
        if (answer.status === 409) {
          seen = sizeOf(name, answer)
          continue
        }
        if (answer.status === 422)
          throw anchorContradicts(name, `what it cosigned at ${old} entries is not how this log of ${size} begins`)
        if (answer.status !== 200)
          throw anchorUnreachable(name, refusals[answer.status] ?? `it answered ${answer.status}`)
        await log.cosignatures.keep({ size, witness: key, line: cosignatureLine(name, note, answer.text, key) })
        seen = size
        return
      }
      throw anchorUnreachable(name, 'it saw other checkpoints while this one was on its way')
    },
  }
}

const refusals: Readonly<Record<number, string>> = {
  400: 'it found the request malformed',
  403: 'it does not trust the key of this log; give it the key of `airworthy audit export`',
  404: 'it does not know this log; have it configured there with its origin and key',
}

function checkKey(name: string, key: string): void {
  try {
    parseVkey(key, cosignatureType)
  } catch (error) {
    const why = error instanceof AirworthyError ? error.message.replace(/\.$/, '') : 'it is not in the form'
    throw anchorInvalid(
      name,
      `its key is not a witness's: ${why}`,
      'Copy the key that the witness publishes, `name+id+key`.',
    )
  }
}

function bodyOf(old: number, proof: readonly Uint8Array[], note: string): string {
  return `old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

async function ask(name: string, url: URL, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method: 'POST', body, signal, redirect: 'manual' })
    const { status } = response
    const contentType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > answerBytesMax) throw new Error('its answer is too long')
      chunks.push(chunk)
    }
    return { status, contentType, text: Buffer.concat(chunks).toString('utf8') }
  } catch (cause) {
    throw anchorUnreachable(name, 'the request failed', cause)
  }
}

/** The size of the newest checkpoint that the witness saw. */
function sizeOf(name: string, { contentType, text }: Answer): number {
  const size = contentType === 'text/x.tlog.size' ? /^(0|[1-9][0-9]{0,15})\n?$/.exec(text)?.[1] : undefined
  if (size === undefined) throw anchorUnreachable(name, 'it answered 409 without the size that it saw')
  return Number(size)
}

/** The witness's own line out of its answer, verified; lines of other keys are left there. */
function cosignatureLine(name: string, note: string, answer: string, key: string): string {
  for (const line of answer.split(/(?<=\n)/)) {
    try {
      if (findCosignature(withCosignatures(note, [line]), key) !== undefined) return line
    } catch (cause) {
      throw anchorUnreachable(name, 'the cosignature that it answered does not verify', cause)
    }
  }
  throw anchorUnreachable(name, 'it answered no cosignature of the key that the manifest names')
}
