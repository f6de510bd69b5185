/** One span with all that it carries: a prompt with an image in it fits, a disk does not. */
export const spanBytesMax = 8 * 1024 * 1024

/** Of a request, unpacked (OTLP recommends it). */
export const requestBytesMax = 64 * 1024 * 1024

/**
 * Values in one JSON request. A parsed value weighs some hundred bytes, whatever it was in the text: without this bound, 64 MiB of
 * `[[[[` or `{},{},` become gigabytes. A full request of real spans has one in twelve bytes or more.
 */
export const jsonValuesMax = 6_000_000

/** Of a signed 64-bit integer: the year 2262. */
export const timeNsMax = 2n ** 63n - 1n

/**
 * Resources, scopes and spans of one request. An empty one takes two bytes, and each is looked at: exporters send 512 at once, the
 * collector 8,192.
 */
export const partsMax = 200_000
