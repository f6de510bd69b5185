import { Readable } from 'node:stream'

type Bytes = Uint8Array<ArrayBuffer>

/** A body as its bytes; undefined when it is too long, and then it is left, or when it breaks off. */
export function boundedBytes(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Bytes | undefined> {
  return body instanceof Readable ? bytesOfReadable(body, bytesMax) : bytesOfPieces(body, bytesMax)
}

/** By its events: to iterate over it takes several turns of the event loop, even for the one piece that most answers are. */
function bytesOfReadable(body: Readable, bytesMax: number): Promise<Bytes | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer<ArrayBuffer>[] = []
    let size = 0
    const breakOff = (): void => resolve(undefined)
    if (body.destroyed) return breakOff()
    body.on('data', (chunk: Buffer<ArrayBuffer>) => {
      size += chunk.byteLength
      if (size <= bytesMax) {
        chunks.push(chunk)
        return
      }
      body.destroy()
      breakOff()
    })
    body.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size)))
    body.on('error', breakOff)
    body.on('close', breakOff)
  })
}

async function bytesOfPieces(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Bytes | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    // Leaving the loop early cancels the stream.
    for await (const chunk of body) {
      size += chunk.byteLength
      if (size > bytesMax) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks, size)
}
