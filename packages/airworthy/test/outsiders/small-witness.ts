/**
 * A small witness for tests (C2SP tlog-witness and tlog-cosignature), written from the specifications and sharing no code with `src/`: it
 * remembers the newest checkpoint of each log, demands a consistency proof to the next, and cosigns.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SmallWitness {
  /** The submission prefix. */
  readonly url: string
  /** `name+id+key`, type 04. */
  readonly vkey: string
  /** Origin to what it cosigned last. */
  readonly seen: Map<string, { readonly size: bigint; readonly root: Buffer }>
  /** What was asked of it: old size, number of hashes in the proof, answer. */
  readonly asked: { readonly old: string; readonly proof: number; readonly status: number }[]
  /** Answers the next request with this in place of its own. */
  answerOnce: { readonly status: number; readonly type?: string; readonly body?: string } | undefined
  stop(): Promise<void>
}

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const keyId = (name: string, typed: Buffer): Buffer => sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4)

export async function startSmallWitness(name: string, logs: readonly string[]): Promise<SmallWitness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const typed = Buffer.concat([Buffer.of(4), raw])
  const trusted = new Map(logs.map((vkey) => [vkey.split('+')[0] ?? '', logKeyOf(vkey)]))

  const judge = (request: string): { status: number; body?: string; type?: string } => {
    const [, old = '', proofText = '', note = ''] = /^old (0|[1-9]\d*)\n((?:.+\n)*)\n([\s\S]+)$/.exec(request) ?? []
    const proof = proofText.split('\n').slice(0, -1)
    const answer = decide(old, proof, note)
    witness.asked.push({ old, proof: proof.length, status: answer.status })
    return answer
  }
  const decide = (old: string, proof: string[], note: string): { status: number; body?: string; type?: string } => {
    const split = note.lastIndexOf('\n\n')
    if (old === '' || proof.length > 63 || split < 0) return { status: 400 }
    const text = note.slice(0, split + 1)
    const [origin = '', sizeText = '', rootText = ''] = text.split('\n')
    const log = trusted.get(origin)
    if (log === undefined) return { status: 404 }
    if (!isSigned(note.slice(split + 2), text, origin, log)) return { status: 403 }
    const [size, root] = [BigInt(sizeText), Buffer.from(rootText, 'base64')]
    if (BigInt(old) > size) return { status: 400 }
    const last = witness.seen.get(origin)
    if (BigInt(old) !== (last?.size ?? 0n))
      return { status: 409, type: 'text/x.tlog.size', body: `${last?.size ?? 0n}\n` }
    const hashes = proof.map((line) => Buffer.from(line, 'base64'))
    if (last !== undefined && last.size > 0n && !isConsistent(last.size, size, last.root, root, hashes))
      return { status: 422 }
    if (last === undefined && hashes.length > 0) return { status: 422 }
    witness.seen.set(origin, { size, root })
    const seconds = Math.floor(Date.now() / 1000)
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(seconds))
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey)
    const line = Buffer.concat([keyId(name, typed), time, signature]).toString('base64')
    return { status: 200, type: 'text/plain; charset=utf-8', body: `— ${name} ${line}\n` }
  }
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isOurs = request.method === 'POST' && request.url === '/prefix/add-checkpoint'
      const own = isOurs ? (witness.answerOnce ?? judge(Buffer.concat(chunks).toString())) : { status: 404 }
      witness.answerOnce = undefined
      const { status, type = 'text/plain', body = '' } = own
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const witness: SmallWitness = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`,
    vkey: `${name}+${keyId(name, typed).toString('hex')}+${typed.toString('base64')}`,
    seen: new Map(),
    asked: [],
    answerOnce: undefined,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return witness
}

interface LogKey {
  readonly id: Buffer
  readonly key: KeyObject
}

function logKeyOf(vkey: string): LogKey {
  const [name = '', , ...rest] = vkey.split('+')
  const typed = Buffer.from(rest.join('+'), 'base64')
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  return { id: keyId(name, typed), key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

function isSigned(lines: string, text: string, origin: string, log: LogKey): boolean {
  return lines.split('\n').some((line) => {
    const [, name, encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? []
    const bytes = Buffer.from(encoded, 'base64')
    return (
      name === origin &&
      bytes.subarray(0, 4).equals(log.id) &&
      verify(null, Buffer.from(text), log.key, bytes.subarray(4))
    )
  })
}

/** RFC 9162, section 2.1.4.2. */
function isConsistent(first: bigint, second: bigint, root1: Buffer, root2: Buffer, given: Buffer[]): boolean {
  if (first === second) return given.length === 0 && root1.equals(root2)
  const path = (first & (first - 1n)) === 0n ? [root1, ...given] : [...given]
  let [fn, sn] = [first - 1n, second - 1n]
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n]
  const [start, ...rest] = path
  if (start === undefined) return false
  let [fr, sr] = [start, start]
  for (const hash of rest) {
    if (sn === 0n) return false
    if (fn & 1n || fn === sn) {
      fr = sha256(Buffer.of(1), hash, fr)
      sr = sha256(Buffer.of(1), hash, sr)
      while (fn !== 0n && !(fn & 1n)) [fn, sn] = [fn >> 1n, sn >> 1n]
    } else sr = sha256(Buffer.of(1), sr, hash)
    ;[fn, sn] = [fn >> 1n, sn >> 1n]
  }
  return sn === 0n && fr.equals(root1) && sr.equals(root2)
}
