/** What is wrong with one span, and with none beside it. Its words repeat no value. */
export interface RejectedSpan {
  readonly kind: 'rejected'
  /** Inside the request: `resourceSpans[0].scopeSpans[1].spans[7].traceId`. */
  readonly where: string
  readonly why: string
  /** False: something beside the spans was unreadable, and they were kept without it. */
  readonly isSpan: boolean
}

export class SpanFault extends Error {
  /** Inside the span: `.traceId`. */
  readonly where: string

  constructor(where: string, why: string) {
    super(why)
    this.where = where
  }
}

/** The request holds more parts than one may. */
export class TooManyParts extends Error {}
