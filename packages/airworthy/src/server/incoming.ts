/**
 * A request whose body came with its headers, as small ones do, has it at hand once the headers are judged. It is then taken as one
 * piece: the web's Request would read it as a stream, event by event, which costs a request several times what its parsing does.
 */
import { IncomingMessage } from 'node:http'

export class Incoming extends IncomingMessage {
  /** Without a first value, which would be set on every request. */
  declare private wholeBody: Buffer | undefined

  /** The whole body, when it is here; the adapter to the web's Request looks at this first. Undefined: it has to be waited for. */
  get rawBody(): Buffer | undefined {
    if (this.wholeBody === undefined && hasWhole(this)) {
      this.wholeBody = this.read() as Buffer
      // Nothing is left but the end, which a stream tells only to those who let it flow.
      this.resume()
    }
    return this.wholeBody
  }
}

/** Node's parser ends a body where its declared length does, so as many bytes are all of them. */
function hasWhole({ readableLength, readableDidRead, headers }: IncomingMessage): boolean {
  return readableLength > 0 && !readableDidRead && headers['content-length'] === String(readableLength)
}
