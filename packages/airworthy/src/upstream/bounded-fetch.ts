/** A fetch for MCP transports that cannot be made to hold an endless answer in memory. */

/** Longest JSON answer, and longest single event of a stream, that is read. The limit of a tool's result is lower. */
export const messageBytesMax = 16 * 1024 * 1024

/** `fetch` whose body fails once one message in it exceeds `bytesMax`; streams of many small events may be endless. */
export async function boundedFetch(
  url: string | URL,
  init?: RequestInit,
  bytesMax: number = messageBytesMax,
): Promise<Response> {
  const response = await fetch(url, init)
  if (response.body === null) return response
  // Of a packed body it is the length as packed, and what it unpacks to is counted as it comes.
  const isPacked = response.headers.has('content-encoding')
  const declaredBytes = isPacked ? null : response.headers.get('content-length')
  if (declaredBytes !== null) {
    // undici itself fails a body that does not keep to the length it declared.
    if (Number(declaredBytes) <= bytesMax) return response
    await response.body.cancel()
    throw new Error(`the answer has ${declaredBytes} bytes; the limit is ${bytesMax}`)
  }
  const { status, statusText, headers } = response
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  return new Response(response.body.pipeThrough(messageLimit(bytesMax, isStream)), { status, statusText, headers })
}

/** Passes bytes through, and errors once more than `bytesMax` of them come (in a stream: without the empty line that ends an event). */
function messageLimit(bytesMax: number, isStream: boolean): TransformStream<Uint8Array, Uint8Array> {
  let sizeBytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      const boundary = isStream ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).lastIndexOf('\n\n') : -1
      sizeBytes = boundary === -1 ? sizeBytes + chunk.byteLength : chunk.byteLength - boundary
      if (sizeBytes > bytesMax) controller.error(new Error(`one message is longer than ${bytesMax} bytes`))
      else controller.enqueue(chunk)
    },
  })
}
